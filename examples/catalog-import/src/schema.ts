/**
 * The shop's tables: surrogate ids, natural keys, foreign keys and checks. They are the shop's own; the import only fills them.
 *
 * @module
 */

const slug = "text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$')"
const id = "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"

/** Makes the tables in a database that has none of them. */
export const schema = `
CREATE SCHEMA shop;

CREATE TABLE shop.category (
  ${id},
  slug ${slug},
  title varchar(120) NOT NULL
);

CREATE TABLE shop.series (
  ${id},
  slug ${slug},
  title varchar(120) NOT NULL,
  category_id bigint NOT NULL REFERENCES shop.category
);

CREATE TABLE shop.brand (
  ${id},
  slug ${slug},
  title varchar(120) NOT NULL
);

CREATE TABLE shop.product (
  ${id},
  slug ${slug},
  title_tr varchar(200) NOT NULL,
  title_en varchar(200),
  category_id bigint NOT NULL REFERENCES shop.category,
  series_id bigint NOT NULL REFERENCES shop.series,
  brand_id bigint NOT NULL REFERENCES shop.brand,
  visible boolean NOT NULL DEFAULT false
);

CREATE TABLE shop.variant (
  ${id},
  model_code varchar(40) NOT NULL UNIQUE,
  product_id bigint NOT NULL REFERENCES shop.product,
  barcode text UNIQUE CHECK (barcode ~ '^[0-9]{13}$'),
  width numeric(8,1) CHECK (width > 0),
  depth numeric(8,1) CHECK (depth > 0),
  height numeric(8,1) CHECK (height > 0),
  price numeric(12,2) NOT NULL CONSTRAINT price_is_positive CHECK (price > 0),
  currency text NOT NULL CHECK (currency IN ('TRY', 'EUR', 'USD')),
  available_from date,
  specs jsonb NOT NULL CHECK (jsonb_typeof(specs) = 'object'),
  stock integer NOT NULL DEFAULT 0
);

CREATE INDEX ON shop.series (category_id);
CREATE INDEX ON shop.product (category_id);
CREATE INDEX ON shop.product (series_id);
CREATE INDEX ON shop.product (brand_id);
CREATE INDEX ON shop.variant (product_id);

INSERT INTO shop.category (slug, title) VALUES
  ('aydinlatma', 'Aydınlatma'), ('mobilya', 'Mobilya'), ('tekstil', 'Tekstil'), ('dekorasyon', 'Dekorasyon');

INSERT INTO shop.series (slug, title, category_id)
SELECT series.slug, series.title, category.id
FROM (VALUES
  ('gun-isigi', 'Gün Işığı', 'aydinlatma'), ('yildiz', 'Yıldız', 'aydinlatma'),
  ('agac', 'Ağaç', 'mobilya'), ('sehir', 'Şehir', 'mobilya'),
  ('ilmek', 'İlmek', 'tekstil'), ('golge', 'Gölge', 'dekorasyon')
) AS series (slug, title, category)
JOIN shop.category ON category.slug = series.category;

INSERT INTO shop.brand (slug, title) VALUES
  ('goksu', 'Göksu'), ('ozdemir', 'Özdemir'), ('cinar', 'Çınar'), ('isik', 'Işık');
`
