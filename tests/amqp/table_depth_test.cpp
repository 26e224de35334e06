#include "amqp/table_depth.h"

#include <gtest/gtest.h>

#include "support/amqp_bytes.h"

namespace miko::amqp {
namespace {

using namespace std::string_view_literals;
using test::Bytes;

/// A table with its size in front, `depth` tables in all, the innermost with one text.
std::string tables(int depth) {
  Bytes fields;
  fields.field_text("k", "text");
  for (int level = 1; level < depth; ++level) {
    Bytes outer;
    outer.field_table("k", fields);
    fields = outer;
  }
  return Bytes().table(fields).str();
}

/// A table that holds `depth` - 1 arrays, one in another, the innermost with a true.
std::string arrays_in_a_table(int depth) {
  Bytes items;
  items.raw("t").u8(1);
  for (int level = 2; level < depth; ++level) {
    Bytes outer;
    outer.raw("A").long_string(items.str());
    items = outer;
  }
  Bytes fields;
  fields.short_string("k").raw("A").long_string(items.str());
  return Bytes().table(fields).str();
}

TEST(TableDepthWithin, CountsTablesInTables) {
  EXPECT_TRUE(table_depth_within(tables(1), 1));
  EXPECT_FALSE(table_depth_within(tables(2), 1));
  EXPECT_TRUE(table_depth_within(tables(32), 32));
  EXPECT_FALSE(table_depth_within(tables(33), 32));
}

TEST(TableDepthWithin, CountsArraysAsWell) {
  EXPECT_TRUE(table_depth_within(arrays_in_a_table(32), 32));
  EXPECT_FALSE(table_depth_within(arrays_in_a_table(33), 32));
}

TEST(TableDepthWithin, RefusesABombWithoutRecursion) {
  EXPECT_FALSE(table_depth_within(tables(5'000), 32));
  EXPECT_FALSE(table_depth_within(arrays_in_a_table(5'000), 32));
}

TEST(TableDepthWithin, TakesEmptyTablesAndWhatFollowsATable) {
  EXPECT_TRUE(table_depth_within("\0\0\0\0"sv, 1));
  EXPECT_TRUE(table_depth_within("\0\0\0\0rest"sv, 1));
}

TEST(TableDepthWithin, KnowsEveryTypeOfValue) {
  Bytes fields;
  for (const char kind : {'t', 'b', 'B'}) {
    fields.short_string("k").raw({&kind, 1}).u8(0);
  }
  for (const char kind : {'s', 'u'}) {
    fields.short_string("k").raw({&kind, 1}).u16(0);
  }
  for (const char kind : {'I', 'i', 'f'}) {
    fields.short_string("k").raw({&kind, 1}).u32(0);
  }
  for (const char kind : {'l', 'L', 'd', 'T'}) {
    fields.short_string("k").raw({&kind, 1}).u64(0);
  }
  fields.short_string("k").raw("D").u8(2).u32(100);
  fields.short_string("k").raw("V");
  fields.short_string("k").raw("x").long_string("bytes");
  fields.field_text("k", "text");

  EXPECT_TRUE(table_depth_within(Bytes().table(fields).str(), 1));
}

TEST(TableDepthWithin, RefusesUnknownTypes) {
  Bytes fields;
  fields.short_string("k").raw("?").u32(0);

  EXPECT_FALSE(table_depth_within(Bytes().table(fields).str(), 1));
}

TEST(TableDepthWithin, RefusesATableCutOffAnywhere) {
  Bytes inner;
  inner.field_text("a", "text").field_true("b");
  Bytes fields;
  fields.field_table("t", inner).field_text("c", "x");
  const std::string whole = Bytes().table(fields).str();

  EXPECT_TRUE(table_depth_within(whole, 2));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(table_depth_within(whole.substr(0, size), 2)) << size;
  }
}

TEST(TableDepthWithin, RefusesValuesThatReachOutOfTheirTable) {
  Bytes text_too_long;
  text_too_long.short_string("k").raw("S").u32(1'000'000).raw("abc");
  Bytes table_too_long;
  table_too_long.short_string("k").raw("F").u32(0xffffffff);

  EXPECT_FALSE(table_depth_within(Bytes().table(text_too_long).str(), 2));
  EXPECT_FALSE(table_depth_within(Bytes().table(table_too_long).str(), 2));
  // The text ends behind its table, but inside the bytes.
  EXPECT_FALSE(
      table_depth_within("\0\0\0\x07\x01kS\0\0\0\x03"sv
                         "abcdef"sv,
                         2));
}

TEST(HeaderTableDepthWithin, FindsTheHeadersBehindTheTypeAndTheEncoding) {
  Bytes headers;
  headers.field_table("k", Bytes().field_true("b"));
  const std::string properties = test::encode({.content_type = "application/json",
                                               .content_encoding = "utf-8",
                                               .raw_headers = headers,
                                               .priority = 0,
                                               .correlation_id = "id"});

  EXPECT_TRUE(header_table_depth_within(properties, 2));
  EXPECT_FALSE(header_table_depth_within(properties, 1));
}

TEST(HeaderTableDepthWithin, TakesPropertiesWithoutHeaders) {
  EXPECT_TRUE(header_table_depth_within(test::encode({}), 1));
  EXPECT_TRUE(header_table_depth_within(test::encode({.correlation_id = "id"}), 1));
}

TEST(HeaderTableDepthWithin, RefusesMoreFlagsAndMissingBytes) {
  EXPECT_FALSE(header_table_depth_within("\0\x01\0\0"sv, 1));
  EXPECT_FALSE(header_table_depth_within("", 1));
  EXPECT_FALSE(header_table_depth_within("\x20"sv, 1));
  EXPECT_FALSE(header_table_depth_within("\x20\0"sv, 1));
  EXPECT_FALSE(
      header_table_depth_within("\xa0\0\x05"
                                "ab"sv,
                                1));
}

}  // namespace
}  // namespace miko::amqp
