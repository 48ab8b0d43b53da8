/**
 * The rooms of src/ and what each may import. Data flows one way: a room not
 * named in a row is out of reach for it.
 */
const rooms = {
  model: [],
  ledger: ["model"],
  ranking: ["model", "ledger"],
  watch: ["model", "ranking"],
  access: ["model"],
  ops: ["model"],
  service: ["model", "ledger", "ranking", "watch", "access"],
  lanes: ["model", "service", "access", "watch", "ops"],
  app: ["model", "ledger", "ranking", "watch", "access", "service", "lanes", "ops"],
};

const interfacesOnly = [
  { room: "ranking", of: "ledger", file: "ledger" },
  { room: "watch", of: "ranking", file: "ranking" },
  { room: "service", of: "ledger", file: "ledger" },
  { room: "lanes", of: "watch", file: "frame" },
];

const library = (name, path, allowed) => ({
  name,
  severity: "error",
  from: { path: "^src/", pathNot: allowed },
  to: { path },
});

export default {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...Object.entries(rooms).map(([room, reachable]) => ({
      name: `${room}-imports`,
      comment: `${room} may import ${reachable.join(", ") || "nothing"}`,
      severity: "error",
      from: { path: `^src/${room}/` },
      to: { path: "^src/", pathNot: [room, ...reachable].map((name) => `^src/${name}/`) },
    })),
    ...interfacesOnly.map(({ room, of, file }) => ({
      name: `${room}-knows-the-interface-of-${of}`,
      severity: "error",
      from: { path: `^src/${room}/` },
      to: { path: `^src/${of}/`, pathNot: `^src/${of}/${file}\\.ts$` },
    })),
    library("sql-stays-in-the-ledger", "node_modules/(kysely|pg|@electric-sql)/", "^src/ledger/"),
    library("redis-stays-in-ranking", "node_modules/ioredis/", "^src/(ranking|access)/"),
    library(
      "transports-stay-in-the-lanes",
      "node_modules/(@grpc|@connectrpc)/",
      "^src/(lanes|app/(demo|admin-client))",
    ),
    {
      name: "generated-code-stays-in-the-lanes",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(lanes/|app/(demo|verify))" },
      to: { path: "^gen/" },
    },
    {
      name: "nothing-imports-tests",
      severity: "error",
      from: { path: "^(src|web)/" },
      to: { path: "^(test|bench)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "\\.test\\.ts$|^web/dist" },
    parser: "swc",
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
