#include "nameko/headers.h"

#include <gtest/gtest.h>

#include <cmath>

namespace miko::nameko {
namespace {

using amqp::Array;
using amqp::FieldValue;
using amqp::Table;

TEST(HeadersJson, KeepsTypesAndOrder) {
  const Table headers = {{"nameko.language", {.value = std::string("en")}},
                         {"count", {.value = std::int64_t{-7}}},
                         {"flag", {.value = true}},
                         {"none", {}},
                         {"list", {.value = Array{{.value = std::string("a")}, {}}}},
                         {"table", {.value = Table{{"in", {.value = false}}}}}};

  EXPECT_EQ(headers_json(headers),
            R"({"nameko.language":"en","count":-7,"flag":true,"none":null,"list":["a",null],)"
            R"("table":{"in":false}})");
  EXPECT_EQ(headers_json({}), "{}");
}

TEST(HeadersJson, WritesNumbersAsPythonDoes) {
  const Table headers = {{"whole", {.value = 1.0}},   {"part", {.value = 2.5}},
                         {"large", {.value = 1e22}},  {"nan", {.value = std::nan("")}},
                         {"up", {.value = HUGE_VAL}}, {"down", {.value = -HUGE_VAL}}};

  EXPECT_EQ(headers_json(headers),
            R"({"whole":1.0,"part":2.5,"large":1e+22,"nan":NaN,"up":Infinity,"down":-Infinity})");
}

TEST(HeadersJson, EscapesWhatCouldHarmATerminal) {
  EXPECT_EQ(headers_json({{"k", {.value = std::string("\x1b[31m")}}}), R"({"k":"\u001b[31m"})");
  EXPECT_EQ(headers_json({{"k", {.value = std::string("\xff")}}}), "{\"k\":\"\uFFFD\"}");
}

}  // namespace
}  // namespace miko::nameko
