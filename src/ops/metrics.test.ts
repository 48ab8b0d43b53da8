import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { type Gauges, gaugeTable } from "./gauges.ts";
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
    metrics.batched(512);
    metrics.committed(0.02);
    metrics.framed(7, 3, 0.04);
    metrics.framed(0, 0);
    metrics.caughtUp("rebuild");
    metrics.placed(0.004, 2);
    metrics.placed(0.004, 0);
    assert.equal(await value("score_ledger_batch_events_sum"), 512);
    assert.equal(await value(`score_watch_frames_total{outcome="sent"}`), 7);
    assert.equal(await value(`score_watch_frames_total{outcome="skipped"}`), 3);
    assert.equal(await value(`score_ranking_catch_ups_total{kind="rebuild"}`), 1);
    assert.equal(await value("score_ledger_commit_seconds_sum"), 0.02);
    assert.equal(await value("score_watch_delay_seconds_count"), 1);
    assert.equal(await value("score_ranking_lag_seconds_count"), 2);
    assert.equal(await value("score_ranks_missing_total"), 2);
  });

  it("count what was refused and what failed, by kind", async () => {
    metrics.refused("UpdateScore", "ledger_busy");
    metrics.tokenRefused("jwt_expired");
    metrics.failedUnexpectedly();
    metrics.commitFailed("conflict");
    metrics.rankingFailed("full");
    metrics.differed(3);
    metrics.lost(2);
    metrics.keysFailed();
    const refusal = `score_refusals_total{method="UpdateScore",reason="ledger_busy"}`;
    assert.equal(await value(refusal), 1);
    assert.equal(await value(`score_token_refusals_total{reason="jwt_expired"}`), 1);
    assert.equal(await value("score_unexpected_failures_total"), 1);
    assert.equal(await value(`score_ledger_failures_total{kind="conflict"}`), 1);
    assert.equal(await value(`score_ranking_failures_total{kind="full"}`), 1);
    assert.equal(await value("score_ranking_differences_total"), 3);
    assert.equal(await value("score_instances_lost_total"), 2);
    assert.equal(await value("score_keys_failures_total"), 1);
  });

  it("show kinds of failures that did not happen as 0", async () => {
    metrics.expect({ ledger: ["conflict"], ranking: ["full"] });
    assert.equal(await value(`score_ledger_failures_total{kind="conflict"}`), 0);
    assert.equal(await value(`score_ranking_failures_total{kind="full"}`), 0);
  });

  it("read gauges when they are asked for", async () => {
    const gauges = Object.fromEntries(Object.keys(gaugeTable).map((key, at) => [key, () => at]));
    let watches = 1;
    metrics.watch({ ...gauges, watches: () => watches, ledgerUp: () => true } as Gauges, "1.2.3");
    assert.equal(await value("score_watches"), 1);
    watches = 5;
    assert.equal(await value("score_watches"), 5);
    assert.equal(await value("score_ledger_up"), 1);
    assert.equal(await value("score_ledger_queued_events"), 2);
    assert.equal(await value(`score_build_info{version="1.2.3"}`), 1);
  });

  it("leave out what the service does not have", async () => {
    metrics.watch({ ...({} as Gauges), watches: () => 1 }, "1.2.3");
    assert.equal(await value("score_keys_up"), undefined);
  });

  it("of two services in one process are apart", async () => {
    new Metrics().batched(1);
    assert.equal(await value("score_ledger_batch_events_count"), 0);
  });
});
