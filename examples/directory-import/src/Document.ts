/**
 * A document is what the database knows of a file: one for each name and content, wherever it lay.
 */
import { Entity, Field, Import, Rule, type Sink } from "@waybill/core"
import { Schema } from "effect"
import * as Kind from "./Kind.ts"

/** The entity. */
export const Document = Entity.make("document", {
  schema: {
    name: Field.text({ maxLength: 200 }),
    sha256: Field.text({ maxLength: 64 }),
    path: Field.text(),
    kind: Field.text(),
    bytes: Field.integer({ min: 0 }),
    modified: Field.timestamp(),
  },
  key: ["name", "sha256"],
})

/** What {@link fileSource} tells of a file. */
export const Row = Schema.Struct({
  name: Schema.String,
  path: Schema.String,
  sha256: Schema.String,
  bytes: Schema.Number,
  modified: Schema.String,
  /** The first bytes, as hexadecimal digits. */
  magic: Schema.String,
})

/** The table, for who has none. */
export const ddl = `CREATE TABLE IF NOT EXISTS document (
  name varchar(200) NOT NULL, sha256 varchar(64) NOT NULL, path text NOT NULL, kind text NOT NULL, bytes bigint NOT NULL,
  modified timestamptz NOT NULL, PRIMARY KEY (name, sha256))`

/** The import; a file that breaks one of its rules is quarantined, and the rule's message is in the reason. */
export const documents = (sink: Sink.Sink, maxBytes: number) =>
  Import.make({
    name: "documents",
    row: Row,
    entities: [Document],
    map: ({ magic: _, ...row }) => [Document.of({ ...row, kind: Kind.ofName(row.name)?.name ?? "" })],
    rules: [
      Rule.check<typeof Row.Type>("file.empty", ({ bytes }) => (bytes === 0 ? "the file is empty" : undefined)),
      Rule.check<typeof Row.Type>("file.tooLarge", ({ bytes }) =>
        bytes > maxBytes ? `the file has ${bytes} bytes; at most ${maxBytes} are taken` : undefined,
      ),
      Rule.check<typeof Row.Type>("file.kind", ({ bytes, magic, name }) => (bytes === 0 ? undefined : Kind.problem(name, magic))),
    ],
    limits: { bytes: null },
    sink,
  })
