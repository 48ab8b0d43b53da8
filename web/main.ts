import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { h, render } from "preact";
import { ScoreService } from "../gen/score/v1/score_pb.js";
import { Backoff } from "./backoff.ts";
import { boardRequest } from "./board-request.ts";
import { BoardView } from "./board-view.tsx";
import { watchBoard } from "./watch.ts";

const root = document.getElementById("board");
if (root === null) throw new Error("index.html has no #board");

const request = boardRequest(location.search);
const client = createClient(ScoreService, createGrpcWebTransport({ baseUrl: location.origin }));
document.title = `${request.gameId} — leaderboard`;

await watchBoard({
  open: (known, signal) => client.watchLeaderboard({ ...request, ...known }, { signal }),
  show: (shown) => render(h(BoardView, { ...shown, request }), root),
  backoff: new Backoff(Math.random),
  clock: () => performance.now(),
  // The page watches for as long as it is open.
  signal: new AbortController().signal,
});
