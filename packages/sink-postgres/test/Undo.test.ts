/** A commit is taken back to the bit, and what anybody has touched since is kept, and said. */
import { Entity, Field } from "@waybill/core"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, type Input, plan, undo, useDatabase } from "./harness.ts"

const database = useDatabase()

const Group = Entity.make("group", {
  schema: { key: Field.text(), title: Field.nullable(Field.text()), parent: Field.nullable(Field.text()) },
  key: "key",
})
const Item = Entity.make("item", {
  schema: {
    key: Field.text(),
    group: Field.nullable(Field.text()),
    count: Field.nullable(Field.integer()),
    note: Field.optional(Field.nullable(Field.text())),
    seen: Field.timestamp(),
  },
  key: "key",
  references: { group: Group },
  volatile: ["seen"],
})
const ddl = `
  CREATE TABLE $S.group (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text UNIQUE NOT NULL, title text, parent text);
  CREATE TABLE $S.item (key text PRIMARY KEY, group_id int REFERENCES $S.group, count int CHECK (count < 1000), note text DEFAULT 'default',
    seen timestamptz(6) NOT NULL, own text);
  CREATE TABLE $S.tag (group_id int REFERENCES $S.group ON DELETE CASCADE, item text CONSTRAINT tagged REFERENCES $S.item ON DELETE SET NULL);
  INSERT INTO $S.group (key, title) VALUES ('old', 'Old'), ('other', 'Other');
  INSERT INTO $S.item VALUES ('a', 1, 1, 'x', '2026-01-01 00:00:00.123456Z', 'mine'), ('b', 1, 2, NULL, '2026-01-02Z', NULL), ('c', 2, NULL, 'é', '2026-01-03Z', NULL),
    ('same', 1, 5, 'y', '2026-01-04Z', NULL)`

const seen = "2026-11-01T00:00:00Z"
const input: Input = [
  [
    Group,
    batches(
      Group,
      [
        { key: "old", title: "Renamed", parent: null },
        { key: "new", title: "New", parent: null },
        { key: "second", title: "Second", parent: null },
      ],
      2,
    ),
  ],
  [
    Item,
    batches(
      Item,
      [
        { key: "a", group: "new", count: 10, note: "z", seen },
        { key: "b", group: "old", count: 20, seen },
        { key: "c", group: "second", count: 30, note: null, seen },
        { key: "same", group: "old", count: 5, note: "y", seen },
        { key: "d", group: "new", count: 40, seen },
        { key: "e", group: null, count: 50, note: "n", seen },
      ],
      4,
    ),
  ],
]

const setUp = async (options: { readonly transaction?: "atomic" | "batched"; readonly more?: string } = {}) => {
  const schema = await database.schema(ddl + (options.more ?? ""))
  const sink = PostgresSink.make({
    pool: database.pool,
    schema,
    tables: {
      group: PostgresSink.table(`${schema}.group`),
      item: PostgresSink.table(`${schema}.item`, { columns: { group: PostgresSink.reference("group_id") } }),
    },
  })
  // row versions tell what was never touched
  const rows = async () => [
    ...(await database.rows(`SELECT g::text FROM ${schema}.group g ORDER BY key`)),
    ...(await database.rows(`SELECT i::text FROM ${schema}.item i ORDER BY key`)),
  ]
  const before = await rows()
  const planned = await plan(sink, input, { preferred: options.transaction ?? "atomic" })
  const transaction = options.transaction ?? "atomic"
  const committed = await commit(sink, planned, { job: schema, transaction })
  return { before, committed, planned, rows, schema, sink, transaction }
}

describe("undo", () => {
  for (const transaction of ["atomic", "batched"] as const) {
    it(`${transaction}: gives back what was there, volatile fields and surrogate ids as well, and touches nothing else`, async () => {
      const { before, committed, planned, rows, schema, sink } = await setUp({ transaction })
      expect(committed.counts).toMatchObject({ created: 4, updated: 4 })
      const untouched = async () => (await database.rows(`SELECT xmin FROM ${schema}.item WHERE key = 'same'`))[0].xmin
      const version = await untouched()
      // what the import does not own stays somebody else's
      await database.rows(
        `UPDATE ${schema}.item SET own = 'theirs' WHERE key = 'a'; UPDATE ${schema}.item SET note = 'theirs' WHERE key = 'b'`,
      )
      const { counts, left } = await undo(sink, planned, { job: schema, transaction })
      expect(left).toEqual([])
      expect(counts).toEqual({ reversed: 8, kept: 0, errored: 0 })
      expect(await database.rows(`SELECT own FROM ${schema}.item WHERE key = 'a'`)).toEqual([{ own: "theirs" }])
      expect(await database.rows(`SELECT note FROM ${schema}.item WHERE key = 'b'`)).toEqual([{ note: "theirs" }])
      await database.rows(
        `UPDATE ${schema}.item SET own = 'mine' WHERE key = 'a'; UPDATE ${schema}.item SET note = NULL WHERE key = 'b'`,
      )
      expect(await rows()).toEqual(before)
      expect(await untouched()).toBe(version)
      // once more finds all of it done
      const again = await undo(sink, planned, { job: schema, transaction, as: "again" })
      expect(again.counts).toEqual({ reversed: 8, kept: 0, errored: 0 })
      expect(await rows()).toEqual(before)
    })

    it(`${transaction}: keeps what somebody changed, and says in which fields; a preview says the same and does nothing`, async () => {
      const { planned, rows, schema, sink } = await setUp({ transaction })
      await database.rows(`
        UPDATE ${schema}.item SET count = 11, group_id = 2 WHERE key = 'a';
        UPDATE ${schema}.item SET seen = '2026-12-01Z' WHERE key = 'c';
        DELETE FROM ${schema}.item WHERE key = 'b';
        UPDATE ${schema}.item SET note = 'n2' WHERE key = 'e';
        DELETE FROM ${schema}.item WHERE key = 'd'`)
      const then = await rows()
      const preview = await undo(sink, planned, { job: schema, transaction, preview: true })
      expect(await rows()).toEqual(then)
      expect(await database.rows(`SELECT FROM ${schema}.batch WHERE job LIKE 'undo%'`)).toEqual([])
      const done = await undo(sink, planned, { job: schema, transaction })
      expect(done.left).toEqual([
        'item/1 1 changed: somebody changed it since; note: "n2", not "n"',
        'item/0 0 changed: somebody changed it since; group: "other", not "new"; count: 11, not 10',
        "item/0 1 changed: somebody deleted it since",
        `item/0 2 changed: somebody changed it since; seen: "2026-12-01T00:00:00Z", not "${seen}"`,
        expect.stringMatching(/^group\/1 0 referenced: a row of s\d+\.item \(item_group_id_fkey\) refers to it now$/),
      ])
      expect(done.counts).toEqual({ reversed: 3, kept: 5, errored: 0 })
      expect(preview.left).toEqual(done.left)
      expect(preview.counts).toEqual(done.counts)
      expect(await database.rows(`SELECT key, title FROM ${schema}.group ORDER BY id`)).toEqual([
        { key: "old", title: "Old" },
        { key: "other", title: "Other" },
        { key: "second", title: "Second" },
      ])
    })

    it(`${transaction}: keeps a row that anything refers to, and takes nobody's rows along`, async () => {
      const { planned, schema, sink } = await setUp({ transaction })
      await database.rows(`INSERT INTO ${schema}.tag SELECT id, NULL FROM ${schema}.group WHERE key = 'new';
        INSERT INTO ${schema}.tag VALUES (NULL, 'e')`)
      const { counts, left } = await undo(sink, planned, { job: schema, transaction })
      expect(left).toEqual([
        `item/1 1 referenced: a row of ${schema}.tag (tagged) refers to it now`,
        `group/0 1 referenced: a row of ${schema}.tag (tag_group_id_fkey) refers to it now`,
      ])
      expect(counts).toEqual({ reversed: 6, kept: 2, errored: 0 })
      expect(await database.rows(`SELECT item, group_id IS NULL AS no FROM ${schema}.tag ORDER BY 1`)).toEqual([
        { item: "e", no: true },
        { item: null, no: false },
      ])
    })
  }

  it("says what the target refuses to have back, and gives the others back", async () => {
    const { planned, schema, sink } = await setUp()
    await database.rows(`ALTER TABLE ${schema}.item ADD CONSTRAINT least CHECK (count > 1) NOT VALID`)
    const { counts, left } = await undo(sink, planned, { job: schema })
    expect(left).toEqual([
      expect.stringMatching(/^item\/0 0 refused: the target refuses what was there before: .*least.* \(23514\)$/),
      expect.stringMatching(/^group\/0 1 referenced/),
    ])
    expect(counts).toEqual({ reversed: 6, kept: 1, errored: 1 })
    expect(await database.rows(`SELECT key, count FROM ${schema}.item ORDER BY 1`)).toEqual([
      { key: "a", count: 10 },
      { key: "b", count: 2 },
      { key: "c", count: null },
      { key: "same", count: 5 },
    ])
  })

  it("gives back what a trigger had a hand in", async () => {
    const { before, planned, rows, schema, sink } = await setUp({
      more: `;
        CREATE FUNCTION $S.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          NEW.seen := NEW.seen + interval '1 s'; NEW.note := upper(NEW.note); RETURN NEW; END $$;
        CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON $S.item FOR EACH ROW WHEN (NEW.count >= 10) EXECUTE FUNCTION $S.touch()`,
    })
    expect(await database.rows(`SELECT note, extract(second FROM seen)::int AS s FROM ${schema}.item WHERE key = 'a'`)).toEqual([
      { note: "Z", s: 1 },
    ])
    await database.rows(`UPDATE ${schema}.item SET note = 'theirs' WHERE key = 'e'`)
    const { counts, left } = await undo(sink, planned, { job: schema })
    expect(left).toEqual([
      'item/1 1 changed: somebody changed it since; note: "THEIRS", not "N"; seen: "2026-11-01T00:00:02Z", not "2026-11-01T00:00:01Z"',
    ])
    expect(counts).toEqual({ reversed: 7, kept: 1, errored: 0 })
    expect((await rows()).filter((it) => !JSON.stringify(it).includes("(e,"))).toEqual(before)
  })

  it("leaves alone what was as planned already when the job came to it", async () => {
    const schema = await database.schema(ddl)
    const sink = PostgresSink.make({
      pool: database.pool,
      schema,
      tables: {
        group: PostgresSink.table(`${schema}.group`),
      },
    })
    const one: Input = [
      [
        Group,
        batches(Group, [
          { key: "x", title: "X", parent: null },
          { key: "y", title: "Y", parent: null },
          { key: "old", title: "Now", parent: null },
        ]),
      ],
    ]
    const planned = await plan(sink, one)
    await database.rows(
      `INSERT INTO ${schema}.group (key, title) VALUES ('x', 'X'); UPDATE ${schema}.group SET title = 'Now' WHERE key = 'old'`,
    )
    const committed = await commit(sink, planned, { job: schema, onConflict: "skip" })
    expect(committed.counts).toMatchObject({ created: 2, updated: 1, conflict: 0 })
    const { counts } = await undo(sink, planned, { job: schema })
    expect(counts).toEqual({ reversed: 3, kept: 0, errored: 0 })
    expect(await database.rows(`SELECT key, title FROM ${schema}.group ORDER BY key`)).toEqual([
      { key: "old", title: "Now" },
      { key: "other", title: "Other" },
      { key: "x", title: "X" },
    ])
  })

  it("knows nothing of a job that wrote nothing, and says so of one that an older release committed", async () => {
    const { planned, schema, sink } = await setUp()
    const none = await undo(sink, planned, { job: "nobody", as: "u1" })
    expect(none.counts).toEqual({ reversed: 0, kept: 0, errored: 0 })
    await database.rows(`ALTER TABLE ${schema}.batch DROP COLUMN columns, DROP COLUMN before_of, DROP COLUMN before,
      DROP COLUMN after_of, DROP COLUMN after, DROP COLUMN found, ADD COLUMN before bytea`)
    const old = await undo(sink, planned, { job: schema, as: "u2" })
    expect(old.counts).toEqual({ reversed: 0, kept: 0, errored: 8 })
    expect(old.left[0]).toContain("by a release that kept nothing of what was there before")
    expect(await database.rows(`SELECT count(*)::int FROM ${schema}.batch WHERE job = '${schema}'`)).toEqual([{ count: 4 }])
  })
})
