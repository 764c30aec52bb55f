/**
 * The situations of docs/OPERATIONS.md, by the heading of their section: how it came to it, and what happens between the commands.
 */
import { Normalize, SnapshotStore } from "@waybill/core"
import { generateStations, startOcmServer } from "@waybill-internal/ocm-server"
import { Duration, Effect } from "effect"
import * as Shop from "./Shop.ts"

/** A situation. */
export interface Scenario {
  readonly shop: Shop.Shop
  /** What happens before a block, by the name that the page gives it. */
  readonly meanwhile: { readonly [name: string]: () => void | Promise<void> }
  readonly close?: () => Promise<void>
}

const list = (...rows: ReadonlyArray<string>): string => ["sku,title,price", ...rows, ""].join("\n")

const lamps = list("A-1,Lamp,12.50", "A-2,Shade,8.00", "A-3,Bulb,1.20")

const shopWith = (files: { readonly [name: string]: string }, options: Shop.Options = {}): Shop.Shop => {
  const shop = Shop.make(options)
  for (const [name, text] of Object.entries(files)) shop.files.set(name, text)
  return shop
}

const done = async (shop: Shop.Shop, ...args: ReadonlyArray<string>): Promise<void> => {
  const { code, printed } = await shop.run(...args)
  if (code !== 0) throw new Error(printed)
}

const edit = (shop: Shop.Shop, sku: string, price: string): void => {
  const products = shop.tables.get("product")!
  products.set(
    sku,
    products.get(sku)!.map((value, at) => (at === 2 ? price : value)),
  )
}

// so that what begins now has come to its first wait
const afterTurns = (turns: number, act: () => void): void => {
  setImmediate(() => (turns === 0 ? act() : afterTurns(turns - 1, act)))
}

// a shop whose API is a server of its own
const withApi = async () => {
  const server = await startOcmServer({ stations: generateStations(25) })
  return { server, shop: Shop.make({ api: server.url }), close: server.stop }
}

export const scenarios: { readonly [heading: string]: () => Scenario | Promise<Scenario> } = {
  "The API is down": async () => {
    const { close, server, shop } = await withApi()
    server.schedule(null)
    server.always({ kind: "status", status: 502, body: "Bad Gateway" })
    return { shop, close, meanwhile: { "the API answers again": () => server.always(null) } }
  },

  "The API asks to wait": async () => {
    const { close, server, shop } = await withApi()
    server.schedule(null, { kind: "status", status: 429, body: "Too many requests", retryAfter: 30 })
    // an answer takes some turns: far fewer than it takes to a timeout
    shop.ticking = Duration.millis(100)
    return { shop, close, meanwhile: {} }
  },

  "A file is not found": () => ({ shop: shopWith({ "march.csv": lamps }), meanwhile: {} }),

  "A file is malformed": () => {
    const shop = shopWith({
      "march.csv": list("A-1,Lamp,12.50", 'A-2,"Shade,8.00', "A-3,Bulb,1.20"),
      // a workbook of which the first bytes came
      "march.xlsx": "PK\u0003\u0004\u0014\u0000",
    })
    return { shop, meanwhile: { "the supplier sends the file again": () => void shop.files.set("march.csv", lamps) } }
  },

  "A column is missing": () => {
    const shop = shopWith({ "march.csv": lamps.replace("price", "prcie") })
    return { shop, meanwhile: { "the header is corrected": () => void shop.files.set("march.csv", lamps) } }
  },

  "Two rows have one key": () => {
    const shop = shopWith({ "march.csv": list("A-1,Lamp,12.50", "A-2,Shade,8.00", "A-1,Lamp,14.00") })
    return { shop, meanwhile: { "the supplier says which row is right": () => void shop.files.set("march.csv", lamps) } }
  },

  "Rows are bad, and the import takes all rows or none": () => {
    const shop = shopWith({ "march.csv": list("A-1,Lamp,12.50", "A-2,Shade,ask us", ",Bulb,1.20") })
    return { shop, meanwhile: { "the file is corrected": () => void shop.files.set("march.csv", lamps) } }
  },

  "Rows are bad, and the rest went in": () => {
    const shop = shopWith({ "march.csv": list("A-1,Lamp,12.50", 'A-2,Shade,"8,00"', "A-3,Bulb,none") }, { allowPartial: true })
    return {
      shop,
      meanwhile: {
        "a release takes commas for decimal points": () => {
          shop.normalize = [Normalize.custom("decimal-comma", ["price"], (text) => text.replace(",", "."))]
        },
      },
    }
  },

  "A partner's keys are not known": () => {
    const shop = shopWith(
      {
        "march.csv": [
          "sku,title,price,brand",
          "A-1,Lamp,12.50,Philips",
          "A-2,Shade,8.00,Phillips",
          "A-3,Bulb,1.20,Acme",
          "A-4,Tube,3.10,n/a",
          "",
        ].join("\n"),
      },
      { allowPartial: true, brands: true },
    )
    shop.tables.set("brand", new Map(["Osram", "Philips"].map((name) => [name, [name]])))
    return { shop, meanwhile: {} }
  },

  "The worker died during a commit": async () => {
    const shop = shopWith({ "march.csv": lamps }, { transaction: "batched", batch: 1 })
    const dead = Shop.stand(2)
    shop.applying = dead.trouble
    void shop.run("run", "prices", "march.csv")
    await dead.reached
    shop.applying = () => Effect.void
    shop.pass("5 minutes")
    return { shop, meanwhile: {} }
  },

  "The worker died during a validation": async () => {
    const shop = shopWith({ "march.csv": lamps }, { batch: 1 })
    const dead = Shop.stand(1)
    shop.planning = dead.trouble
    void shop.run("validate", "prices", "march.csv")
    await dead.reached
    shop.planning = () => Effect.void
    shop.pass("5 minutes")
    return { shop, meanwhile: {} }
  },

  "Another worker has the job": async () => {
    const shop = shopWith({ "march.csv": lamps }, { transaction: "batched", batch: 1 })
    const busy = Shop.stand(2)
    shop.applying = busy.trouble
    const other = shop.run("run", "prices", "march.csv")
    await busy.reached
    shop.applying = () => Effect.void
    return {
      shop,
      meanwhile: {
        "the other worker goes on": () => {
          shop.ticking = Duration.millis(100)
          afterTurns(5, busy.release)
        },
      },
      close: async () => void (await other),
    }
  },

  "The database cannot be reached during a commit": () => {
    const shop = shopWith({ "march.csv": lamps }, { transaction: "batched", batch: 1 })
    shop.applying = Shop.failing(1, {
      reason: "Unreachable",
      message: "connect ECONNREFUSED 10.0.0.7:5432",
      code: "ECONNREFUSED",
      isRetryable: true,
    })
    return {
      shop,
      meanwhile: {
        "the database is back": () => {
          shop.applying = () => Effect.void
        },
      },
    }
  },

  "The database has no space left": () => {
    const shop = shopWith({ "march.csv": lamps })
    shop.applying = Shop.failing(0, {
      reason: "Capacity",
      message: 'could not extend file "base/16384/16402": No space left on device',
      code: "53100",
      isRetryable: true,
    })
    return {
      shop,
      meanwhile: {
        "there is space again": () => {
          shop.applying = () => Effect.void
        },
      },
    }
  },

  "The rights or the tables of the target are wrong": () => {
    const shop = shopWith({ "march.csv": lamps })
    shop.planning = Shop.failing(0, {
      reason: "Unauthorized",
      message: "permission denied for table product",
      code: "42501",
      isRetryable: false,
    })
    return {
      shop,
      meanwhile: {
        "the right is granted, and the table renamed": () => {
          shop.planning = Shop.failing(0, {
            reason: "SchemaMismatch",
            message: "there is no table shop.product, or this role may not see it; create it or name another in the mapping",
            isRetryable: false,
          })
        },
        "the table is there again": () => {
          shop.planning = () => Effect.void
        },
      },
    }
  },

  "The disk of the snapshot store is full": () => {
    const shop = shopWith({ "march.csv": lamps })
    shop.keeping = Effect.fail(
      new SnapshotStore.SnapshotStoreError({
        reason: "Capacity",
        message: "cannot write records/product/000000.ndjson: ENOSPC: no space left on device, write",
        isRetryable: false,
      }),
    )
    return {
      shop,
      meanwhile: {
        "there is space again": () => {
          shop.keeping = Effect.void
        },
      },
    }
  },

  "The wrong file was committed": async () => {
    const shop = shopWith({
      "march.csv": lamps,
      "draft.csv": list("A-1,Lamp,99.00", "A-2,Shade,99.00", "A-9,Test,0.01"),
    })
    await done(shop, "run", "prices", "march.csv")
    shop.pass("1 hour")
    await done(shop, "run", "prices", "draft.csv")
    edit(shop, "A-2", "7.50")
    shop.pass("1 hour")
    return { shop, meanwhile: {} }
  },

  "The database refuses some records": () => {
    const shop = shopWith(
      { "march.csv": list("A-1,Lamp,12.50", "A-2,Shade,0.00", "A-3,Bulb,1.20") },
      {
        transaction: "batched",
        allowPartial: true,
        refuse: (_entity, values) =>
          values[2] === "0.00" ? 'new row for relation "product" violates check constraint "product_price_positive"' : undefined,
      },
    )
    return { shop, meanwhile: { "the price is corrected": () => void shop.files.set("march.csv", lamps) } }
  },

  "A feed shrank": async () => {
    const shop = shopWith({ "march.csv": lamps, "april.csv": list("A-1,Lamp,13.00") }, { mirror: true })
    await done(shop, "run", "prices", "march.csv")
    return { shop, meanwhile: {} }
  },

  "Somebody changed a record meanwhile": async () => {
    const shop = shopWith({ "march.csv": lamps, "april.csv": list("A-1,Lamp,13.00", "A-2,Shade,8.40", "A-3,Bulb,1.20") })
    await done(shop, "run", "prices", "march.csv")
    await done(shop, "validate", "prices", "april.csv")
    edit(shop, "A-2", "7.50")
    return { shop, meanwhile: {} }
  },

  "Stop an import": async () => {
    const shop = shopWith(
      {
        "march.csv": list("A-1,Lamp,12.50", "A-2,Shade,8.00", "A-3,Bulb,1.20", "A-4,Cord,3.10", "A-5,Plug,2.00", "A-6,Fuse,0.40"),
      },
      { transaction: "batched", batch: 1 },
    )
    let worker = Shop.stand(1)
    shop.applying = worker.trouble
    let other = shop.run("run", "prices", "march.csv")
    await worker.reached
    const next = async (): Promise<void> => {
      worker.release()
      await other
      shop.applying = () => Effect.void
    }
    return {
      shop,
      meanwhile: {
        "the worker comes to the end of its batch": next,
        "a worker goes on with it": async () => {
          worker = Shop.stand(1)
          shop.applying = worker.trouble
          const found = /\S+-\S+-\S+/.exec((await shop.run("jobs")).printed.split("\n")[1]!)![0]
          other = shop.run("resume", found)
          await worker.reached
        },
        "the worker comes to the end of its batch again": next,
      },
    }
  },

  "The same file again": async () => {
    const shop = shopWith({ "march.csv": lamps })
    await done(shop, "run", "prices", "march.csv")
    shop.pass("1 hour")
    return { shop, meanwhile: {} }
  },

  "Free space": async () => {
    const shop = shopWith({ "march.csv": lamps, "april.csv": list("A-1,Lamp,13.00") })
    await done(shop, "run", "prices", "march.csv")
    shop.pass("100 days")
    await done(shop, "run", "prices", "april.csv")
    return { shop, meanwhile: {} }
  },
}
