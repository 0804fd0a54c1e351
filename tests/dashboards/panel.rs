//! One panel, said briefly: what kind it is, the question that it answers, its queries, its look.
//! Knows the dashboard's JSON and nothing of warrener.

use serde_json::{Value, json};

/// Stands in a query for the variables that choose whose metrics are shown.
const CHOSEN: &str = "job=~\"$job\",instance=~\"$instance\"";

/// A colour by its name in Grafana, which has a light and a dark one for each.
pub(crate) type Colour = &'static str;

/// A step of a threshold: from this value on, this colour; `None` is the base.
pub(crate) type Step = (Option<f64>, Colour);

/// How a queried series is shown.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Range,
    Instant,
    Table,
    Heatmap,
}

pub(crate) struct Panel {
    json: Value,
    width: u64,
    height: u64,
}

impl Panel {
    fn new(kind: &str, title: &str, question: &str, options: Value) -> Self {
        let json = json!({
            "type": kind,
            "title": title,
            "description": question,
            "datasource": datasource(),
            "fieldConfig": {"defaults": {
                "unit": "none",
                "color": {"mode": "palette-classic"},
                "thresholds": {"mode": "absolute", "steps": steps(&[(None, "blue")])},
                "mappings": [],
            }, "overrides": []},
            "options": options,
            "targets": [],
            "transformations": [],
            "links": [],
        });
        Panel {
            json,
            width: 8,
            height: 8,
        }
    }

    /// Lines over time.
    pub(crate) fn lines(title: &str, question: &str) -> Self {
        let mut panel = Self::new(
            "timeseries",
            title,
            question,
            json!({
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }),
        );
        panel.defaults()["custom"] = json!({
            "drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 2, "fillOpacity": 8,
            "showPoints": "never", "spanNulls": false, "axisSoftMin": 0,
            "stacking": {"mode": "none", "group": "A"},
            "thresholdsStyle": {"mode": "off"},
        });
        panel
    }

    /// Lines over time, one upon the other.
    pub(crate) fn stack(title: &str, question: &str) -> Self {
        let mut panel = Self::lines(title, question);
        panel.defaults()["custom"]["stacking"]["mode"] = "normal".into();
        panel.defaults()["custom"]["fillOpacity"] = 60.into();
        // A line of its own would show what is 0 as if it were on top of all.
        panel.defaults()["custom"]["lineWidth"] = 0.into();
        panel
    }

    /// One large number, or one for each series.
    pub(crate) fn number(title: &str, question: &str) -> Self {
        let mut panel = Self::new(
            "stat",
            title,
            question,
            json!({
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false},
                "colorMode": "background", "graphMode": "none", "justifyMode": "auto",
                "orientation": "auto", "textMode": "auto", "wideLayout": true,
            }),
        );
        panel.defaults()["color"]["mode"] = "thresholds".into();
        panel.no_value("not known")
    }

    /// A bar for each series, as they are now.
    pub(crate) fn bars(title: &str, question: &str) -> Self {
        let mut panel = Self::new(
            "bargauge",
            title,
            question,
            json!({
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false},
                "displayMode": "basic", "orientation": "horizontal", "showUnfilled": true,
                "valueMode": "color", "namePlacement": "top", "sizing": "auto",
                "minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 40,
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []},
            }),
        );
        panel.defaults()["color"]["mode"] = "thresholds".into();
        panel
    }

    /// A band for each series, coloured by its state.
    pub(crate) fn states(title: &str, question: &str) -> Self {
        let mut panel = Self::new(
            "state-timeline",
            title,
            question,
            json!({
                "mergeValues": true, "showValue": "auto", "alignValue": "left", "rowHeight": 0.85,
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []},
                "tooltip": {"mode": "single", "sort": "none"},
            }),
        );
        panel.defaults()["color"]["mode"] = "thresholds".into();
        panel.defaults()["custom"] = json!({"lineWidth": 0, "fillOpacity": 80});
        panel
    }

    /// Rows and columns, as they are now. Columns get their heads by [`Panel::columns`].
    pub(crate) fn table(title: &str, question: &str) -> Self {
        let mut panel = Self::new(
            "table",
            title,
            question,
            json!({
                "showHeader": true, "cellHeight": "sm", "sortBy": [],
            }),
        );
        panel.defaults()["color"]["mode"] = "thresholds".into();
        panel.defaults()["custom"] = json!({
            "align": "auto", "cellOptions": {"type": "auto"}, "inspect": false, "filterable": false,
            "minWidth": 70,
        });
        // What a table without rows says is not what a cell without a value says.
        panel
            .by_name(".*", vec![("noValue", json!("–"))])
            .no_value("None.")
            .size(24, 8)
    }

    /// How often which value was seen, over time; of a histogram's buckets.
    pub(crate) fn heatmap(title: &str, question: &str) -> Self {
        let mut panel = Self::new(
            "heatmap",
            title,
            question,
            json!({
                "calculate": false, "cellGap": 1, "cellValues": {"unit": "none", "decimals": 1},
                "color": {"mode": "scheme", "scheme": "Blues", "steps": 64, "reverse": false,
                    "exponent": 0.5, "scale": "exponential", "fill": "blue"},
                "exemplars": {"color": "rgba(255,0,255,0.7)"},
                "filterValues": {"le": 1e-9}, "legend": {"show": true},
                "rowsFrame": {"layout": "auto"}, "showValue": "never",
                "tooltip": {"mode": "single", "showColorScale": false, "yHistogram": false},
                "yAxis": {"axisPlacement": "left", "reverse": false, "unit": "s"},
            }),
        );
        panel.defaults()["custom"] = json!({
            "hideFrom": {"legend": false, "tooltip": false, "viz": false},
            "scaleDistribution": {"type": "linear"},
        });
        panel
    }

    /// Adds a query of the kind that the panel shows. `{@}` chooses job and instance.
    pub(crate) fn query(self, expr: &str, legend: &str) -> Self {
        let shape = match self.json["type"].as_str() {
            Some("timeseries" | "state-timeline") => Shape::Range,
            Some("table") => Shape::Table,
            Some("heatmap") => Shape::Heatmap,
            _ => Shape::Instant,
        };
        self.target(expr, legend, shape)
    }

    fn target(mut self, expr: &str, legend: &str, shape: Shape) -> Self {
        let range = matches!(shape, Shape::Range | Shape::Heatmap);
        let format = match shape {
            Shape::Table => "table",
            Shape::Heatmap => "heatmap",
            Shape::Range | Shape::Instant => "time_series",
        };
        let targets = list(&mut self.json["targets"]);
        let id = char::from(b'A' + u8::try_from(targets.len()).expect("few queries"));
        targets.push(json!({
            "refId": id.to_string(), "datasource": datasource(), "editorMode": "code",
            "expr": chosen(expr), "legendFormat": legend,
            "instant": !range, "range": range, "format": format,
        }));
        self
    }

    pub(crate) fn size(mut self, width: u64, height: u64) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    pub(crate) fn unit(mut self, unit: &str) -> Self {
        self.defaults()["unit"] = unit.into();
        self
    }

    pub(crate) fn decimals(mut self, decimals: u64) -> Self {
        self.defaults()["decimals"] = decimals.into();
        self
    }

    /// The axis reaches at least so far, so that what is 0 all the time lies at its foot.
    pub(crate) fn at_least(mut self, top: f64) -> Self {
        self.defaults()["custom"]["axisSoftMax"] = top.into();
        self
    }

    pub(crate) fn no_value(mut self, text: &str) -> Self {
        self.defaults()["noValue"] = text.into();
        self
    }

    pub(crate) fn range(mut self, min: f64, max: f64) -> Self {
        self.defaults()["min"] = min.into();
        self.defaults()["max"] = max.into();
        self
    }

    pub(crate) fn thresholds(mut self, wanted: &[Step]) -> Self {
        self.defaults()["thresholds"]["steps"] = steps(wanted);
        self
    }

    /// Draws the thresholds as lines across.
    pub(crate) fn threshold_lines(mut self) -> Self {
        self.defaults()["custom"]["thresholdsStyle"]["mode"] = "dashed".into();
        self
    }

    /// One colour for every series.
    pub(crate) fn colour(mut self, colour: Colour) -> Self {
        self.defaults()["color"] = json!({"mode": "fixed", "fixedColor": colour});
        self
    }

    /// Words and colours for values.
    pub(crate) fn words(mut self, words: &[(i64, &str, Colour)]) -> Self {
        self.defaults()["mappings"] = mappings(words);
        self
    }

    pub(crate) fn option(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.json["options"][name] = value.into();
        self
    }

    /// The series whose name this regular expression fits has this colour.
    pub(crate) fn series(self, name: &str, colour: Colour) -> Self {
        self.by_name(
            name,
            vec![("color", json!({"mode": "fixed", "fixedColor": colour}))],
        )
    }

    /// The series is a limit: a dashed line with nothing below it.
    pub(crate) fn limit(self, name: &str, colour: Colour) -> Self {
        self.by_name(
            name,
            vec![
                ("color", json!({"mode": "fixed", "fixedColor": colour})),
                (
                    "custom.lineStyle",
                    json!({"fill": "dash", "dash": [10, 10]}),
                ),
                ("custom.fillOpacity", json!(0)),
                ("custom.lineWidth", json!(1)),
                (
                    "custom.stacking",
                    json!({"mode": "none", "group": "limits"}),
                ),
            ],
        )
    }

    fn by_name(mut self, regex: &str, properties: Vec<(&str, Value)>) -> Self {
        let matcher = json!({"id": "byRegexp", "options": format!("/{regex}/")});
        self.override_with(matcher, properties);
        self
    }

    /// Says how the column with this head is shown.
    pub(crate) fn column(mut self, head: &str, properties: Vec<(&str, Value)>) -> Self {
        self.override_with(json!({"id": "byName", "options": head}), properties);
        self
    }

    fn override_with(&mut self, matcher: Value, properties: Vec<(&str, Value)>) {
        let properties: Vec<Value> = properties
            .into_iter()
            .map(|(id, value)| json!({"id": id, "value": value}))
            .collect();
        let overrides = list(&mut self.json["fieldConfig"]["overrides"]);
        overrides.push(json!({"matcher": matcher, "properties": properties}));
    }

    /// Joins the queries into one row for each set of labels, and gives the columns their order
    /// and heads: `(name, head)`. A query's value is named `Value #A`, or `Value` when alone.
    pub(crate) fn columns(mut self, heads: &[(&str, &str)]) -> Self {
        let alone = list(&mut self.json["targets"]).len() == 1;
        let name = |name: &str| match name {
            "Value #A" if alone => "Value".to_owned(),
            other => other.to_owned(),
        };
        let heads: Vec<(String, &str)> = heads.iter().map(|(n, head)| (name(n), *head)).collect();
        let order: serde_json::Map<String, Value> = (0u64..)
            .zip(&heads)
            .map(|(i, (name, _))| (name.clone(), i.into()))
            .collect();
        let renamed: serde_json::Map<String, Value> = heads
            .iter()
            .map(|(name, head)| (name.clone(), (*head).into()))
            .collect();
        let shown: Vec<String> = heads.iter().map(|(name, _)| name.clone()).collect();
        self.json["transformations"] = json!([
            {"id": "merge", "options": {}},
            {"id": "filterFieldsByName", "options": {"include": {"names": shown}}},
            {"id": "organize", "options": {"indexByName": order, "renameByName": renamed, "excludeByName": {}}},
        ]);
        self
    }

    pub(crate) fn sorted(mut self, head: &str, worst_is_high: bool) -> Self {
        self.json["options"]["sortBy"] = json!([{"displayName": head, "desc": worst_is_high}]);
        self
    }

    pub(crate) fn width(&self) -> u64 {
        self.width
    }

    pub(crate) fn height(&self) -> u64 {
        self.height
    }

    /// The panel at its place.
    pub(crate) fn place(mut self, id: u64, x: u64, y: u64) -> Value {
        self.json["id"] = id.into();
        self.json["gridPos"] = json!({"x": x, "y": y, "w": self.width, "h": self.height});
        self.json
    }

    fn defaults(&mut self) -> &mut Value {
        &mut self.json["fieldConfig"]["defaults"]
    }
}

pub(crate) fn datasource() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

/// The query with its `{@}` filled in.
pub(crate) fn chosen(expr: &str) -> String {
    expr.replace("{@", &format!("{{{CHOSEN}"))
}

pub(crate) fn mappings(words: &[(i64, &str, Colour)]) -> Value {
    let options: serde_json::Map<String, Value> = (0u64..)
        .zip(words)
        .map(|(index, (value, text, colour))| {
            let shown = json!({"text": text, "color": colour, "index": index});
            (value.to_string(), shown)
        })
        .collect();
    json!([{"type": "value", "options": options}])
}

pub(crate) fn steps(wanted: &[Step]) -> Value {
    let step = |(from, colour): &Step| json!({"value": from, "color": colour});
    wanted.iter().map(step).collect()
}

fn list(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().expect("made as a list")
}
