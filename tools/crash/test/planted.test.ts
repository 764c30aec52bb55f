/** Defects that a sink or a store could have, planted one by one: the matrix finds each of them. */
import type { Issue, JobStore, Sink } from "@waybill/core"
import { Effect } from "effect"
import { expect, it } from "vitest"
import type { Moment } from "../src/Fault.ts"
import { matrix, whole } from "../src/matrix.ts"
import { type Around, memoryScene } from "../src/memoryScene.ts"
import { mirrorImport } from "../src/mirrorImport.ts"
import type { Scenario } from "../src/Scenario.ts"
import { smallImport } from "../src/smallImport.ts"

const inCommits = (sink: Sink.Sink, change: (session: Sink.CommitSession) => Partial<Sink.CommitSession>): Sink.Sink => ({
  ...sink,
  commit: (context) => Effect.map(sink.commit(context), (session) => ({ ...session, ...change(session) })),
})

const defects: Readonly<Record<string, Around>> = {
  "the token is not looked at": {
    sink: (sink) => ({ ...sink, commit: (context) => sink.commit({ ...context, token: 1 }) }),
  },
  "a checkpoint says that a batch is applied, and not what became of it": {
    sink: (sink) =>
      inCommits(sink, ({ checkpoint }) => ({
        checkpoint: new Map(
          [...checkpoint].map(([name, { outcomes }]) => [name, { outcomes: new Uint8Array(outcomes.length), conflicts: [] }]),
        ),
      })),
  },
  "a checkpoint is written outside of the transaction, before it": {
    sink: (sink) => {
      const noted = new Map<string, Sink.AppliedBatch>()
      return inCommits(sink, (session) => {
        const checkpoint = new Map([...session.checkpoint, ...noted])
        return {
          checkpoint,
          apply: (batch, planned) =>
            Effect.tap(session.apply(batch, planned), (applied) =>
              Effect.sync(() => void noted.set(`${batch.entity.name}/${batch.part}`, applied)),
            ),
        }
      })
    },
  },
  "who takes over is not told what was deleted, and notes that it was gone already": {
    sink: (sink) => {
      const deleted = new Set<string>()
      return inCommits(sink, ({ apply, checkpoint }) => ({
        checkpoint: new Map([...checkpoint].filter(([name]) => !deleted.has(name))),
        apply: (batch, planned) => {
          if (planned.deletions !== undefined) deleted.add(`${batch.entity.name}/${batch.part}`)
          return apply(batch, planned)
        },
      }))
    },
  },
  "issues are told by who may not save the job": {
    jobs: (store): JobStore.JobStore["Service"] => {
      const told: Array<Issue.Issue> = []
      return {
        ...store,
        save: (job, issues = []) => {
          told.push(...issues)
          return store.save(job)
        },
        issues: () => Effect.succeed(told),
      }
    },
  },
}

const finds: Readonly<Record<keyof typeof defects, readonly [Sink.Transaction, Moment, Scenario?]>> = {
  "the token is not looked at": ["batched", "stalled"],
  "a checkpoint says that a batch is applied, and not what became of it": ["batched", "after"],
  "a checkpoint is written outside of the transaction, before it": ["atomic", "before"],
  "who takes over is not told what was deleted, and notes that it was gone already": ["batched", "after", mirrorImport],
  "issues are told by who may not save the job": ["batched", "stalled"],
}

it.each(Object.entries(defects))("%s", async (name, around) => {
  const [transaction, moment, scenario = smallImport] = finds[name]!
  const trial = { scenario, goal: "import", transaction, hashed: true } as const
  // of a mirror only the calls that write are tried
  const { calls } = await whole(memoryScene(), trial)
  const takes = (at: number): boolean => scenario === smallImport || calls[at] === "commit.apply"
  const points = await matrix(memoryScene(around), trial, { seed: 1, moments: [moment], takes })
  expect(points.filter(({ wrong }) => wrong !== null)).not.toEqual([])
  // where the defect shows nothing, nothing is wrong
  if (moment !== "stalled")
    expect(points.filter(({ wrong }) => wrong === null).length).toBeGreaterThan(scenario === smallImport ? 50 : 3)
})
