import { signToken } from "../access/token-signer.ts";
import { tokenSettings } from "./own-token.ts";
import type { RunningService } from "./service.ts";
import type { Settings } from "./settings.ts";

/** What the start prints: addresses, and for the generated secret tokens and commands to paste. */
export async function greeting(settings: Settings, service: RunningService): Promise<string> {
  const { SCORE_HOST, DATABASE_URL, REDIS_URL, SCORE_DATA_DIR } = settings;
  const host = ["0.0.0.0", "::"].includes(SCORE_HOST) ? "localhost" : SCORE_HOST;
  const name = host.includes(":") ? `[${host}]` : host;
  const scheme = settings.SCORE_TLS_CERT_FILE === undefined ? "http" : "https";
  const grpc = `${scheme}://${name}:${service.grpcPort}`;
  const web = `${scheme}://${name}:${service.httpPort}`;
  const lines = [
    "score is running",
    `  gRPC    ${grpc}  (health, reflection)`,
    `  web     ${web}  (page, Connect, gRPC-Web, JSON, /metrics, /healthz, /readyz)`,
    `  ledger  ${DATABASE_URL === undefined ? `embedded, in ${SCORE_DATA_DIR}` : "Postgres"}`,
    `  ranking ${REDIS_URL === undefined ? "in memory" : "Redis"}`,
  ];
  if (DATABASE_URL === undefined) {
    lines.push(
      "",
      "The embedded ledger survives a crash of the process; a power cut may cost the last",
    );
    lines.push("moments. Set DATABASE_URL for more than a trial.");
  }
  if (service.secret?.isGenerated) lines.push("", ...(await examples(settings, service, grpc)));
  return `${lines.join("\n")}\n`;
}

async function examples(settings: Settings, service: RunningService, grpc: string) {
  const secret = service.secret?.bytes ?? new Uint8Array();
  const sign = (role: "server" | "player", subject: string) =>
    signToken(secret, {
      role,
      subject,
      game: "demo",
      expiresIn: "30d",
      ...tokenSettings(settings),
    });
  const call = `npx buf curl --protocol grpc${grpc.startsWith("https") ? "" : " --http2-prior-knowledge"}`;
  return [
    "Tokens for the game demo, good for 30 days:",
    `  export SERVER_TOKEN=${await sign("server", "demo-server")}`,
    `  export PLAYER_TOKEN=${await sign("player", "ada")}`,
    "",
    "Submit a score, read the board, watch it live:",
    `  ${call} -H "authorization: Bearer $SERVER_TOKEN" \\`,
    `    -d '{"gameId":"demo","playerId":"ada","points":5,"actionId":"'$(date +%s%N)'"}' \\`,
    `    ${grpc}/score.v1.ScoreService/UpdateScore`,
    `  ${call} -d '{"gameId":"demo"}' ${grpc}/score.v1.ScoreService/GetLeaderboard`,
    `  ${call} -d '{"gameId":"demo"}' ${grpc}/score.v1.ScoreService/WatchLeaderboard`,
    "",
    "Or start a lively game: npm run demo",
  ];
}
