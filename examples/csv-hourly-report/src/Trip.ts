/**
 * A trip: a row of the drops, which are in the form that New York's Taxi and Limousine Commission publishes, and the record it becomes.
 *
 * @module
 */
import { Cell, Entity, Field } from "@waybill/core"
import { Schema } from "effect"

const whole = () => Cell.integer({ min: 0, max: 2_147_483_647 })
const money = () => Cell.decimal({ precision: 10, scale: 2 })

/**
 * The cells of a row. Its times are those of the cab's clock, without a zone, and are kept so: `zone: "utc"` reads them without moving
 * them, and the columns of the table have no zone either.
 */
export const Row = Schema.Struct({
  vendor_id: whole(),
  pickup_datetime: Cell.timestamp({ zone: "utc" }),
  dropoff_datetime: Cell.timestamp({ zone: "utc" }),
  passenger_count: whole(),
  trip_distance: Cell.decimal({ precision: 8, scale: 2 }),
  pickup_location_id: whole(),
  dropoff_location_id: whole(),
  payment_type: whole(),
  fare_amount: money(),
  tip_amount: money(),
  tolls_amount: money(),
  total_amount: money(),
})

/** A row after decoding. */
export type Row = typeof Row.Type

/**
 * A trip of a cab. The data has no numbers for trips: who drove, from when and where to when and where, is what makes one. A trip that
 * was taken back is in the data a second time with negative amounts, and is a record of its own.
 */
export const Trip = Entity.make("trip", {
  schema: {
    vendor: Field.integer(),
    pickup: Field.timestamp(),
    dropoff: Field.timestamp(),
    pickup_zone: Field.integer(),
    dropoff_zone: Field.integer(),
    reversal: Field.boolean(),
    passengers: Field.integer(),
    distance: Field.decimal({ precision: 8, scale: 2 }),
    fare: Field.decimal({ precision: 10, scale: 2 }),
    tip: Field.decimal({ precision: 10, scale: 2 }),
    tolls: Field.decimal({ precision: 10, scale: 2 }),
    total: Field.decimal({ precision: 10, scale: 2 }),
    payment: Field.integer(),
  },
  key: ["vendor", "pickup", "dropoff", "pickup_zone", "dropoff_zone", "reversal"],
})

/** The record that a row becomes. */
export const ofRow = (row: Row): Entity.EntityRecord =>
  Trip.of({
    vendor: row.vendor_id,
    pickup: row.pickup_datetime,
    dropoff: row.dropoff_datetime,
    pickup_zone: row.pickup_location_id,
    dropoff_zone: row.dropoff_location_id,
    reversal: row.total_amount.startsWith("-"),
    passengers: row.passenger_count,
    distance: row.trip_distance,
    fare: row.fare_amount,
    tip: row.tip_amount,
    tolls: row.tolls_amount,
    total: row.total_amount,
    payment: row.payment_type,
  })
