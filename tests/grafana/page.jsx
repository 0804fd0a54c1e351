// Draws one dashboard from its JSON and from what Prometheus answers, with the components that
// Grafana's own panels are made of (@grafana/ui, @grafana/data). State timelines and heatmaps are
// not among them: those two are drawn here, plainly.
import React, { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import {
  applyFieldOverrides, cacheFieldDisplayNames, createTheme, dateTime, FieldConfigOptionsRegistry, FieldType,
  getDisplayProcessor, getFieldDisplayName, getFieldDisplayValues, standardTransformers,
  standardTransformersRegistry, ThemeContext, toDataFrame, transformDataFrame, VizOrientation,
} from '@grafana/data';
import {
  BarGauge, BigValue, GlobalStyles, PanelChrome, PanelContextProvider, TimeSeries, VizRepeater,
} from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { firstValueFrom } from 'rxjs';
import gridStyle from '@grafana/react-data-grid/lib/styles.css';
import plotStyle from 'uplot/dist/uPlot.min.css';

const theme = createTheme({ colors: { mode: 'dark' } });
const COLUMN = 1600 / 24;
const ROW = 38;
const question = new URLSearchParams(location.search);
const end = Date.now();
const span = Number(question.get('seconds') ?? 300);
const start = end - span * 1000;
const step = Math.max(1, Math.round(span / 200));
const timeRange = { from: dateTime(start), to: dateTime(end), raw: { from: 'now-5m', to: 'now' } };

// Some are there under two names.
const transformers = new Map(Object.values(standardTransformers).map((t) => [t.id, t]));
standardTransformersRegistry.setInit(() =>
  [...transformers.values()].map((t) => ({ id: t.id, name: t.name, transformation: () => Promise.resolve(t) })));

// Every property that a dashboard of ours sets, taken as it is.
function registry(config) {
  const ids = new Set(['unit', 'decimals', 'min', 'max', 'mappings', 'thresholds', 'color', 'noValue', 'links', 'displayName']);
  for (const key of Object.keys(config.defaults.custom ?? {})) ids.add(`custom.${key}`);
  for (const o of config.overrides) for (const p of o.properties) ids.add(p.id);
  const made = new FieldConfigOptionsRegistry();
  for (const id of ids) {
    const isCustom = id.startsWith('custom.');
    made.register({
      id, path: isCustom ? id.slice(7) : id, isCustom, name: id, settings: {},
      editor: () => null, override: () => null, shouldApply: () => true,
      process: (value) => value,
      getItemsCount: () => 0,
    });
  }
  return made;
}

const replace = (text) => text;

function filled(expr) {
  return expr
    .replaceAll('$__rate_interval', '15s')
    .replaceAll('$__range', `${span}s`)
    .replaceAll(/"\$[a-z]+"/g, '".+"');
}

async function ask(path, query) {
  const answer = await fetch(`/prometheus${path}?${new URLSearchParams(query)}`);
  const body = await answer.json();
  if (body.status !== 'success') throw new Error(body.error);
  return body.data.result;
}

const number = (text) => Number(text.replace('Inf', 'Infinity'));

function named(template, labels) {
  return template.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '');
}

async function frames(target) {
  const query = filled(target.expr);
  if (target.format === 'table') {
    const rows = await ask('/api/v1/query', { query, time: end / 1000 });
    const labels = [...new Set(rows.flatMap((r) => Object.keys(r.metric)))].filter((l) => l !== '__name__').sort();
    if (!rows.length) return [];
    return [toDataFrame({
      refId: target.refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: rows.map(() => end) },
        ...labels.map((l) => ({ name: l, type: FieldType.string, values: rows.map((r) => r.metric[l] ?? '') })),
        { name: target.alone ? 'Value' : `Value #${target.refId}`, type: FieldType.number, values: rows.map((r) => number(r.value[1])) },
      ],
    })];
  }
  const range = target.range
    ? await ask('/api/v1/query_range', { query, start: start / 1000, end: end / 1000, step })
    : await ask('/api/v1/query', { query, time: end / 1000 });
  const times = [];
  for (let t = start; t <= end; t += step * 1000) times.push(t);
  return range.map((series) => {
    const known = new Map((series.values ?? [series.value]).map(([t, v]) => [Math.round((t * 1000 - start) / (step * 1000)), number(v)]));
    const at = target.range ? times : [end];
    const values = target.range ? times.map((_, i) => known.get(i) ?? null) : [number(series.value[1])];
    const name = named(target.legendFormat, series.metric);
    return toDataFrame({
      refId: target.refId, name,
      fields: [
        { name: 'Time', type: FieldType.time, values: at, config: {} },
        { name: 'Value', type: FieldType.number, values, labels: series.metric, config: { displayNameFromDS: name } },
      ],
    });
  });
}

async function load(panel) {
  const alone = panel.targets.length === 1;
  let data = (await Promise.all(panel.targets.map((t) => frames({ ...t, alone })))).flat();
  if (panel.transformations.length && data.length) {
    data = await firstValueFrom(transformDataFrame(panel.transformations, data));
  }
  const shown = applyFieldOverrides({
    data, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry(panel.fieldConfig),
    replaceVariables: replace, theme, timeZone: 'utc',
  });
  cacheFieldDisplayNames(shown);
  return shown;
}

function Empty({ panel }) {
  return <div className="empty">{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
}

function Values({ panel, data, width, height, draw }) {
  const values = () => getFieldDisplayValues({
    data, fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions,
    replaceVariables: replace, theme, timeZone: 'utc',
  });
  const wanted = panel.options.orientation;
  return <VizRepeater getValues={values} width={width} height={height} source={data} renderCounter={1}
    orientation={wanted === 'auto' ? VizOrientation.Auto : wanted} itemSpacing={4} autoGrid={wanted === 'auto'}
    minVizHeight={20} renderValue={draw} />;
}

function Stat(props) {
  const { options } = props.panel;
  return <Values {...props} draw={({ value, width, height, count }) =>
    <BigValue value={value.display} width={width} height={height} theme={theme} count={count}
      colorMode={options.colorMode} graphMode={options.graphMode} justifyMode={options.justifyMode}
      textMode={options.textMode} text={options.text} />} />;
}

function Bars(props) {
  const { options } = props.panel;
  return <Values {...props} draw={({ value, width, height, orientation }) =>
    <BarGauge value={value.display} width={width} height={Math.min(height, options.maxVizHeight)} theme={theme} field={value.field}
      display={getDisplayProcessor({ field: { type: FieldType.number, config: value.field }, theme })}
      orientation={orientation} itemSpacing={8} displayMode={options.displayMode} showUnfilled={options.showUnfilled}
      valueDisplayMode={options.valueMode} namePlacement={options.namePlacement} />} />;
}

function States({ data, width, height }) {
  const row = Math.min(34, height / data.length - 2);
  const nameWidth = Math.min(330, width / 2.5);
  const most = Math.floor(nameWidth / 7.6);
  const brief = (name) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);
  const time = (t) => ((t - start) / (end - start)) * (width - nameWidth);
  return <svg width={width} height={height}>{data.map((frame, i) => {
    const field = frame.fields[1];
    const spans = [];
    field.values.forEach((v, n) => {
      const last = spans.at(-1);
      if (last && last.v === v) last.n = n;
      else spans.push({ v, from: n, n });
    });
    const y = i * (row + 2);
    return <g key={i}>
      <text x={nameWidth - 8} y={y + row / 2 + 4} textAnchor="end" fill={theme.colors.text.primary} fontSize="12">
        {brief(getFieldDisplayName(field, frame, data))}</text>
      {spans.filter((s) => s.v !== null).map((s, k) => {
        const shown = field.display(s.v);
        const x = nameWidth + time(frame.fields[0].values[s.from]);
        const w = time(frame.fields[0].values[s.n]) - time(frame.fields[0].values[s.from]) + time(start + step * 1000);
        return <g key={k}><rect x={x} y={y} width={Math.max(w, 1)} height={row} fill={shown.color} opacity="0.8" />
          {w > 60 && <text x={x + 6} y={y + row / 2 + 4} fontSize="12" fill="#111217">{shown.text}</text>}</g>;
      })}
    </g>;
  })}</svg>;
}

function Heatmap({ data, width, height }) {
  const le = (f) => (f.fields[1].labels.le === '+Inf' ? Infinity : Number(f.fields[1].labels.le));
  const sorted = [...data].sort((a, b) => le(a) - le(b));
  const counts = sorted.map((f, i) => f.fields[1].values.map((v, n) => Math.max(0, (v ?? 0) - (i ? sorted[i - 1].fields[1].values[n] ?? 0 : 0))));
  const most = Math.max(...counts.flat(), 1e-9);
  const h = (height - 4) / sorted.length;
  const w = (width - 70) / counts[0].length;
  return <svg width={width} height={height}>{counts.map((row, i) => {
    const y = height - (i + 1) * h;
    return <g key={i}><text x="60" y={y + h / 2 + 4} textAnchor="end" fontSize="11" fill={theme.colors.text.primary}>
      {le(sorted[i]) === Infinity ? '+Inf' : `${le(sorted[i]) * 1000} ms`}</text>
    {row.map((c, n) => c > 1e-9 && <rect key={n} x={66 + n * w} y={y} width={w - 0.5} height={h - 1}
      fill="#5794F2" opacity={0.15 + 0.85 * Math.sqrt(c / most)} />)}</g>;
  })}</svg>;
}

function Body({ panel, data, width, height }) {
  if (!data) return null;
  if (!data.length || data.every((f) => !f.length)) {
    if (panel.type !== 'stat') return <Empty panel={panel} />;
  }
  switch (panel.type) {
    case 'timeseries':
      return <TimeSeries frames={data} width={width} height={height} timeRange={timeRange} timeZone="utc" legend={panel.options.legend} options={{}} />;
    case 'stat': return data.length ? <Stat {...{ panel, data, width, height }} /> : <Empty panel={panel} />;
    case 'bargauge': return <Bars {...{ panel, data, width, height }} />;
    case 'table': return <TableNG data={data[0]} fieldConfig={panel.fieldConfig} frozenColumns={0} getActions={() => []} transparent={false} width={width} height={height} sortBy={panel.options.sortBy} noValue={panel.fieldConfig.defaults.noValue} cellHeight={panel.options.cellHeight} />;
    case 'state-timeline': return <States {...{ data, width, height }} />;
    case 'heatmap': return <Heatmap {...{ data, width, height }} />;
    default: throw new Error(`no ${panel.type} here`);
  }
}

class Caught extends React.Component {
  state = {};
  static getDerivedStateFromError(error) { return { error }; }
  componentDidCatch(error) { window.problems.push(`${this.props.title}: ${error.message}`); }
  render() { return this.state.error ? <pre className="empty">{String(this.state.error)}</pre> : this.props.children; }
}

function Panel({ panel }) {
  const [data, setData] = useState();
  useEffect(() => {
    load(panel).then(setData, (error) => { window.problems.push(`${panel.title}: ${error.message}`); setData([]); })
      .finally(() => { window.waiting -= 1; });
  }, []);
  const { x, y, w, h } = panel.gridPos;
  const place = { left: x * COLUMN + 4, top: y * ROW + 4, width: w * COLUMN - 8, height: h * ROW - 8 };
  return <div className="place" style={place}>
    <PanelChrome title={panel.title} description={panel.description} width={place.width} height={place.height} padding={panel.type === 'table' ? 'none' : 'md'}>
      {(width, height) => <Caught title={panel.title}><Body {...{ panel, data, width, height }} /></Caught>}
    </PanelChrome>
  </div>;
}

function Dashboard({ board }) {
  const height = Math.max(...board.panels.map((p) => p.gridPos.y + p.gridPos.h)) * ROW;
  return <div style={{ position: 'relative', width: 1600, height: height + 50 }}>
    <div className="top"><b>{board.title}</b>{board.links.map((l) => <span key={l.title}>{l.title}</span>)}</div>
    <div style={{ position: 'absolute', top: 44, left: 0 }}>
      {board.panels.map((p) => p.type === 'row'
        ? <h3 key={p.id} className="heading" style={{ top: p.gridPos.y * ROW + 8 }}>{p.title}</h3>
        : <Panel key={p.id} panel={p} />)}
    </div>
  </div>;
}

const style = document.createElement('style');
style.textContent = gridStyle + plotStyle;
document.head.append(style);

window.problems = [];
const board = await (await fetch(`/board/${question.get('uid')}`)).json();
window.waiting = board.panels.filter((p) => p.type !== 'row').length;
createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <PanelContextProvider value={{ eventsScope: 'look', eventBus: { subscribe: () => ({ unsubscribe() {} }), publish() {}, getStream: () => ({ subscribe: () => ({ unsubscribe() {} }), pipe: () => ({ subscribe: () => ({ unsubscribe() {} }) }) }), removeAllListeners() {}, newScopedBus() { return this; } } }}>
      <Dashboard board={board} />
    </PanelContextProvider>
  </ThemeContext.Provider>,
);
