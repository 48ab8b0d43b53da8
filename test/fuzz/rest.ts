import { getOption } from "@bufbuild/protobuf";
import fc from "fast-check";
import { http } from "../../gen/google/api/annotations_pb.js";
import { type KnownIds, textOf } from "./bytes.ts";
import { messageJson } from "./json.ts";
import type { FuzzedMethod } from "./methods.ts";
import { oddHeaders, type RawRequest } from "./requests.ts";

/** A path of the contract with anything in its places, a query and a body that may fit. */
export function restRequests(
  { desc, input }: FuzzedMethod,
  ids: KnownIds,
): fc.Arbitrary<RawRequest> {
  const rule = getOption(desc, http);
  const template = String(rule.pattern.value);
  const verb = rule.pattern.case === "get" ? "GET" : "POST";
  const places = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) =>
    textOf(name, ids).map((text) => encodeURIComponent(text.toWellFormed().slice(0, 2_000))),
  );
  const fields = input.fields.map(({ name }) => name);
  const query = fc.array(
    fc
      .tuple(fc.oneof(fc.constantFrom(...fields, "x", "limit.x", "%ff", ""), fc.string()), value)
      .map(([name, text]) => `${encodeURIComponent(name.toWellFormed())}=${text}`),
    { maxLength: 2 },
  );
  const path = fc.tuple(fc.tuple(...places), query).map(([texts, parameters]) => {
    const filled = texts.reduce<string>(
      (path, text) => path.replace(/\{\w+\}/, () => text),
      template,
    );
    return parameters.length === 0 ? filled : `${filled}?${parameters.join("&")}`;
  });
  const body = verb === "GET" ? fc.constant(Buffer.alloc(0)) : messageJson(input, ids);
  const headers = fc.oneof(
    { weight: 8, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: oddHeaders },
  );
  return fc.tuple(path, body, headers).map(([path, body, odd]) => ({
    verb,
    path,
    headers: { ...(verb === "GET" ? {} : { "content-type": "application/json" }), ...odd },
    body,
  }));
}

const value = fc.oneof(
  fc.constantFrom("1", "-1", "99999999999", "NaN", "%ff", "%00", "a%2fb", "%", ""),
  fc.string({ unit: "binary", maxLength: 30 }).map((text) => encodeURIComponent(text)),
);
