import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { h, render } from "preact";
import { ScoreService } from "../gen/score/v1/score_pb.js";
import { authorize } from "./authorize.ts";
import { choiceOf, searchOf } from "./choice.ts";
import { Pacer } from "./pacer.ts";
import { Page } from "./page.tsx";
import { Presence } from "./presence.ts";
import { RecentGames } from "./recent-games.ts";
import { Spectator } from "./spectator.ts";
import { guarded } from "./storage.ts";
import { TokenKeeper } from "./token-keeper.ts";

const root = document.getElementById("board");
if (root === null) throw new Error("index.html has no #board");
root.replaceChildren();

/** Time passes without frames, too: movement ages, neighbours move, rates fall silent. */
const tickMs = 1_000;

const clock = () => Date.now();
const presence = new Presence({ page: document, machine: window, clock });
const tokens = new TokenKeeper(guarded(() => sessionStorage));
const games = new RecentGames(guarded(() => localStorage));

const transport = createGrpcWebTransport({
  baseUrl: location.origin,
  interceptors: [authorize(tokens, clock)],
});

const pacer = new Pacer((next) => requestAnimationFrame(next), draw);
const spectator = new Spectator(location.search, {
  client: createClient(ScoreService, transport),
  presence,
  tokens,
  games,
  clock,
  changed: () => pacer.request(),
  visit: (search) => {
    if (search !== location.search) history.pushState(null, "", search);
  },
  failed: (error) => reportError(error),
});

// What is no player id may be a token, which must not stay in an address.
if (new URLSearchParams(location.search).get("me") && !choiceOf(location.search).me) {
  history.replaceState(null, "", searchOf(spectator.choice));
}
addEventListener("popstate", () => spectator.revisit(location.search));
setInterval(() => {
  if (presence.isAway) return;
  spectator.tick();
  pacer.request();
}, tickMs);
draw();

function draw(): void {
  if (root === null) return;
  const { choice, session, sessionKey } = spectator;
  document.title = `${choice.gameId} — leaderboard`;
  document.documentElement.dataset.display = choice.display;
  const choose = (choice: Parameters<typeof spectator.choose>[0]) => spectator.choose(choice);
  const recentGames = () => games.list();
  render(h(Page, { choice, session, sessionKey, recentGames, choose, now: clock() }), root);
}
