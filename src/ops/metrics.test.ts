import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Metrics } from "./metrics.ts";

describe("the metrics", () => {
  let metrics: Metrics;
  beforeEach(() => {
    metrics = new Metrics();
  });

  /** The value of the line that starts so. */
  const value = async (line: string): Promise<number | undefined> => {
    const { text } = await metrics.text();
    const found = text.split("\n").find((candidate) => candidate.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length));
  };

  it("count calls by lane, method and code, and their time", async () => {
    metrics.called("grpc", "UpdateScore", "OK", 0.002);
    metrics.called("grpc", "UpdateScore", "OK", 0.2);
    metrics.called("web", "UpdateScore", "NOT_FOUND", 0.2);
    const ok = `lane="grpc",method="UpdateScore",code="OK"`;
    assert.equal(await value(`score_call_seconds_count{${ok}}`), 2);
    assert.equal(await value(`score_call_seconds_bucket{le="0.0025",${ok}}`), 1);
    assert.equal(await value(`score_call_seconds_bucket{le="+Inf",${ok}}`), 2);
    const notFound = `lane="web",method="UpdateScore",code="NOT_FOUND"`;
    assert.equal(await value(`score_call_seconds_count{${notFound}}`), 1);
  });

  it("count commits, frames, catch-ups and placements", async () => {
    metrics.committed(512);
    metrics.framed(7, 3);
    metrics.framed(0, 0);
    metrics.caughtUp("rebuild");
    metrics.placed(0.004);
    assert.equal(await value("score_ledger_batch_events_sum"), 512);
    assert.equal(await value(`score_watch_frames_total{outcome="sent"}`), 7);
    assert.equal(await value(`score_watch_frames_total{outcome="skipped"}`), 3);
    assert.equal(await value(`score_ranking_catch_ups_total{kind="rebuild"}`), 1);
    assert.equal(await value("score_ranking_lag_seconds_count"), 1);
  });

  it("read gauges when they are asked for", async () => {
    let watches = 1;
    metrics.watch({ queuedEvents: () => 4, watches: () => watches, boardsBehind: () => 2 });
    assert.equal(await value("score_watches"), 1);
    watches = 5;
    assert.equal(await value("score_watches"), 5);
    assert.equal(await value("score_ledger_queued_events"), 4);
    assert.equal(await value("score_ranking_boards_behind"), 2);
  });

  it("of two services in one process are apart", async () => {
    new Metrics().committed(1);
    assert.equal(await value("score_ledger_batch_events_count"), 0);
  });
});
