import { z } from "zod";

/** A setting that is missing, unknown or wrong: one line for the operator. */
export class WrongSettings extends Error {}

/** Words between commas; blanks around them don't count. */
export const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean),
);

/**
 * Reads what `schema` names; an empty variable is as good as none. Throws
 * WrongSettings, also for a name that begins with `prefix` and that the schema
 * does not have.
 */
export function readEnvironment<S extends z.ZodObject>(
  schema: S,
  prefix: string,
  env: NodeJS.ProcessEnv,
): z.infer<S> {
  const names = Object.keys(schema.shape);
  const unknown = Object.keys(env).find((name) => name.startsWith(prefix) && !names.includes(name));
  if (unknown !== undefined) {
    throw new WrongSettings(`${unknown} is not a setting; the README has a table of them`);
  }
  const given = Object.fromEntries(
    names.filter((name) => env[name]).map((name) => [name, env[name]]),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new WrongSettings(`${issue?.path[0]?.toString()}: ${issue?.message}`);
}
