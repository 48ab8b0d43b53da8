// Run by servers.test.ts: starts servers, says where they are, and never closes them.
import { startPostgres } from "./postgres-server.ts";
import { startRedis } from "./redis-server.ts";

const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
console.log(JSON.stringify({ ports: [postgres.port, redis.port], dataDir: postgres.dataDir }));
setInterval(() => {}, 60_000);
