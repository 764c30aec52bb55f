/**
 * The tables: trips as they were delivered, their sums by the hour and by the quarter of a day, the history of runs, and what is archived.
 *
 * @module
 */

const sums = `
  trips bigint NOT NULL,
  passengers bigint NOT NULL,
  distance numeric(14,2) NOT NULL,
  fare numeric(16,2) NOT NULL,
  tips numeric(16,2) NOT NULL,
  tolls numeric(16,2) NOT NULL,
  total numeric(16,2) NOT NULL`

/** Makes the tables in a database that has none of them; times of trips are those of the clocks in the cabs, without a zone. */
export const schema = `
CREATE SCHEMA IF NOT EXISTS taxi;

CREATE TABLE IF NOT EXISTS taxi.trip (
  vendor integer NOT NULL,
  pickup timestamp NOT NULL,
  dropoff timestamp NOT NULL,
  pickup_zone integer NOT NULL,
  dropoff_zone integer NOT NULL,
  reversal boolean NOT NULL,
  passengers integer NOT NULL,
  distance numeric(8,2) NOT NULL,
  fare numeric(10,2) NOT NULL,
  tip numeric(10,2) NOT NULL,
  tolls numeric(10,2) NOT NULL,
  total numeric(10,2) NOT NULL,
  payment integer NOT NULL,
  PRIMARY KEY (vendor, pickup, dropoff, pickup_zone, dropoff_zone, reversal)
);
CREATE INDEX IF NOT EXISTS trip_pickup ON taxi.trip (pickup);

CREATE TABLE IF NOT EXISTS taxi.hour (
  hour timestamp PRIMARY KEY,${sums}
);

CREATE TABLE IF NOT EXISTS taxi.quarter_day (
  day date NOT NULL,
  quarter integer NOT NULL CHECK (quarter BETWEEN 1 AND 4),${sums},
  PRIMARY KEY (day, quarter)
);

CREATE TABLE IF NOT EXISTS taxi.run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('ingest', 'hourly', 'daily', 'archive')),
  subject text NOT NULL,
  job text,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  rows_loaded bigint NOT NULL DEFAULT 0,
  rows_rejected bigint NOT NULL DEFAULT 0,
  rows_aggregated bigint NOT NULL DEFAULT 0,
  status text NOT NULL CHECK (status IN ('running', 'success', 'partial', 'skipped', 'failed', 'interrupted')),
  message text
);

CREATE TABLE IF NOT EXISTS taxi.archive (
  day date PRIMARY KEY,
  file text NOT NULL,
  rows bigint NOT NULL,
  sha256 text NOT NULL,
  archived_at timestamptz NOT NULL
);
`
