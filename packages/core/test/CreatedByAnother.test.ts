/** Two workers create the job of one id: whose creation is refused has nothing to give back. */
import { Engine, Job, JobStore } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Clock, Effect } from "effect"
import { expect, test } from "vitest"
import { columns, definition, products, runWithTestClock } from "./support/products.ts"
import { as, fromNow, stored } from "./support/workers.ts"

test("a worker whose job was created by another one a moment before leaves it its lease", async () => {
  await runWithTestClock(
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const lease = { worker: "faster", until: yield* fromNow(60) }
      let id = ""
      const late: JobStore.JobStore["Service"] = {
        ...store,
        create: (job) =>
          Effect.suspend(() => {
            id = job.id
            return Effect.andThen(store.create({ ...job, lease }), store.create(job))
          }),
      }
      const source = TestSource.make({ columns, rows: products(3) })
      const refused = yield* Engine.validate(definition(MemorySink.make()), source).pipe(
        as("late"),
        Effect.provideService(JobStore.JobStore, late),
        Effect.flip,
      )
      expect(refused).toMatchObject({ _tag: "JobStoreError", reason: "AlreadyExists" })
      const found = yield* stored(id)
      expect(found).toMatchObject({ status: "validating", token: 0, lease })
      expect(Job.isHeld(found, yield* Clock.currentTimeMillis)).toBe(true)
    }),
  )
})
