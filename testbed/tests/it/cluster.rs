//! Several nodes.

use testbed::{Broker, Cluster, wait_until};

use crate::support::{SOON, releases};

#[test]
fn three_nodes_of_every_release_join_and_one_is_killed() {
    for root in releases() {
        let cluster = Cluster::start_with(3, &Broker::builder().root(root.clone())).unwrap();
        let [one, two, three] = cluster.nodes.as_slice() else {
            panic!("three nodes")
        };
        one.declare("shared", &serde_json::Value::Null).unwrap();
        two.publish("shared", 2).unwrap();
        assert_eq!(three.depth("shared").unwrap().ready, 2, "{root:?}");

        three.kill().unwrap();
        wait_until("the others to see it gone", SOON, || {
            let nodes = two.management("/api/nodes").ok()?;
            let down = |node: &&serde_json::Value| node["running"] == false;
            let gone: Vec<_> = nodes.as_array()?.iter().filter(down).collect();
            (gone.len() == 1 && gone[0]["name"] == three.node_name()).then_some(())
        })
        .unwrap();
        three.start_again().unwrap();
        cluster.wait_complete().unwrap();
    }
}
