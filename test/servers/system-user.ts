import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who runs PostgreSQL, which refuses root: `postgres`, or `nobody` where that
 * user is absent. Undefined, which stands for the present user, unless that is
 * root. Rejects when root finds neither.
 */
export async function postgresUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return (await systemUser("postgres")) ?? (await systemUser("nobody")) ?? noUser();
}

async function systemUser(name: string): Promise<SystemUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([numberOf("-u", name), numberOf("-g", name)]);
    return { uid, gid };
  } catch {
    return undefined;
  }
}

/** Rejects when there is no such user. */
async function numberOf(flag: "-u" | "-g", name: string): Promise<number> {
  const { stdout } = await promisify(execFile)("id", [flag, name]);
  return Number(stdout);
}

function noUser(): never {
  throw new Error('PostgreSQL does not run as root: add a user "postgres"');
}
