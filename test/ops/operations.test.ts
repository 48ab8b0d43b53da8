import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { namedMetrics, publishedMetrics } from "./published-metrics.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

const readRules = async (): Promise<Rule[]> => {
  const { groups } = parse(await read("deploy/alerts.yaml"));
  return groups.flatMap(({ rules }: { rules: Rule[] }) => rules);
};

const rowOf = ({ alert, expr, for: after, annotations }: Rule) =>
  `| \`${alert}\` | \`${expr.replaceAll("|", "\\|")}\` for ${after} | ${annotations.summary} | [what to do](${annotations.runbook}) |`;

describe("docs/operations.md", () => {
  it("has each rule of alerts.yaml in its table, and no other", async () => {
    const rows = (await read("docs/operations.md")).match(/^\| `Score\w+` \|.*$/gm);
    assert.deepEqual(rows, (await readRules()).map(rowOf));
  });

  it("says what to do about each alert", async () => {
    const headings = (await read("docs/operations.md")).match(/^#{2,3} .*$/gm) ?? [];
    const anchors = headings.map(
      (heading) =>
        `#${heading
          .replace(/^#+ /, "")
          .toLowerCase()
          .replaceAll(/[^\w -]/g, "")
          .replaceAll(" ", "-")}`,
    );
    for (const { alert, annotations } of await readRules()) {
      assert.ok(anchors.includes(annotations.runbook), `${alert}: ${annotations.runbook}`);
    }
  });

  it("names every score_ metric that there is, and no metric that there is not", async () => {
    const doc = await read("docs/operations.md");
    // Tables of the ledger are no metrics.
    const text = doc.replaceAll(/^(psql|pg_\w+) .*$/gm, "");
    const published = await publishedMetrics();
    const named = namedMetrics(text);
    assert.deepEqual(
      named.filter((name) => !published.has(name)),
      [],
    );
    const own = [...published].filter(([name]) => name.startsWith("score_"));
    const rows = doc.matchAll(/^\| `(score_\w+)` \|[^|]*\| (.*) \|$/gm);
    assert.deepEqual(
      [...rows].map(([, name, help]) => `${name}: ${help}`).sort(),
      own.map(([name, help]) => `${name}: ${help}`).sort(),
    );
  });
});

describe("deploy/alerts.yaml", () => {
  it("is made of complete rules on metrics that there are", async () => {
    const [rules, published] = [await readRules(), await publishedMetrics()];
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    for (const { alert, expr, for: after, labels, annotations, ...rest } of rules) {
      assert.match(alert, /^Score[A-Z]\w+$/);
      assert.match(after, /^\d+[smh]$/);
      assert.match(labels.severity, /^(page|ticket)$/);
      assert.match(annotations.summary, /^[A-Z].*\.$/);
      assert.deepEqual(rest, {});
      assert.equal(expr.split("(").length, expr.split(")").length, alert);
      for (const name of namedMetrics(expr)) assert.ok(published.has(name), `${alert}: ${name}`);
      assertUnpaced(alert, expr);
    }
  });
});

describe("deploy/grafana-dashboard.json", () => {
  it("asks for metrics that there are, in panels that do not overlap", async () => {
    const dashboard = JSON.parse(await read("deploy/grafana-dashboard.json"));
    const [panels, published] = [dashboard.panels as Panel[], await publishedMetrics()];
    assert.deepEqual(
      panels.filter(({ type }) => type === "row").map(({ title }) => title),
      ["Calls", "Ledger", "Ranking", "Watches", "Process"],
    );
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const places = panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`);
    assert.equal(new Set(places).size, panels.length);
    const shown = new Set<string>();
    for (const { title, targets = [], type } of panels) {
      assert.ok(type === "row" || targets.length > 0, title);
      for (const { expr } of targets) {
        const names = namedMetrics(expr);
        assert.ok(names.length > 0, `${title}: ${expr}`);
        for (const name of names) {
          assert.ok(published.has(name), `${title}: ${name}`);
          shown.add(name);
        }
        assertUnpaced(title, expr);
      }
    }
    assert.ok(shown.has("score_call_seconds") && shown.has("score_ledger_up"));
  });
});

/** Calls that are refused are slow on purpose: latencies are those of the others. */
function assertUnpaced(title: string, expr: string): void {
  for (const [, labels] of expr.matchAll(/score_call_seconds_bucket\{(.*?)\}/g)) {
    assert.match(labels ?? "", /\bcode="OK"/, title);
  }
}
