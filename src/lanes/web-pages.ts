import type { IncomingMessage, ServerResponse } from "node:http";
import { Code } from "@connectrpc/connect";
import sirv from "sirv";

/** What operators ask over plain HTTP. */
export interface OperatorPages {
  readonly isReady: () => Promise<boolean>;
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
}

const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** To whoever asks for REST here, or by Envoy for a path that it has not. */
const noSuchPath = JSON.stringify({
  code: Code.NotFound,
  message: "no such path or method",
  details: [],
});

/** Answers everything on the web lane that is not a call: the page in `webRoot`, and what operators ask. */
export function webPages(webRoot: string, pages: OperatorPages) {
  const files = sirv(webRoot, {
    etag: true,
    brotli: true,
    gzip: true,
    setHeaders: (response) => {
      setSecurityHeaders(response);
      // Asked for each time, and answered "not modified": a page must fit the service.
      response.setHeader("cache-control", "no-cache");
    },
  });
  return (request: unknown, response: unknown): void => {
    const [req, res] = [request as IncomingMessage, response as ServerResponse];
    const path = req.url?.split("?")[0];
    if (path === "/healthz") answer(res, 200, "ok\n");
    else if (path === "/readyz") {
      pages.isReady().then(
        (isReady) => answer(res, isReady ? 200 : 503, isReady ? "ready\n" : "not ready\n"),
        () => answer(res, 503, "not ready\n"),
      );
    } else if (path === "/metrics") {
      pages.metrics().then(
        ({ type, text }) => answer(res, 200, text, type),
        () => answer(res, 500, "the metrics can't be read\n"),
      );
    } else if (path !== undefined && /^\/(v1|api)\//.test(path)) {
      answer(res, 404, noSuchPath, "application/json");
    } else files(req, res, () => answer(res, 404, "not found\n"));
  };
}

function setSecurityHeaders(response: { setHeader(name: string, value: string): unknown }): void {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
}

function answer(response: ServerResponse, status: number, text: string, type = "text/plain"): void {
  setSecurityHeaders(response);
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
}
