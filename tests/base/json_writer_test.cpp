#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/json.h"

namespace miko {
namespace {

TEST(JsonWriter, WritesCompactJson) {
  JsonWriter json;

  json.begin_object();
  json.key("ok").boolean(true);
  json.key("none").null();
  json.key("list").begin_array().integer(1).text("x").begin_object().end_object().end_array();
  json.key("no").boolean(false);
  json.end_object();

  EXPECT_EQ(json.str(), R"({"ok":true,"none":null,"list":[1,"x",{}],"no":false})");
}

TEST(JsonWriter, CopiesCheckedValuesAsTheyAre) {
  JsonWriter json;

  json.begin_array();
  json.raw("1.10").raw("10000000000000000000000000000000000000000").raw(R"({"b":1, "b":"\ud800"})");
  json.end_array();

  EXPECT_EQ(json.str(),
            R"([1.10,10000000000000000000000000000000000000000,{"b":1, "b":"\ud800"}])");
}

TEST(JsonWriter, WritesTheOutermostIntegers) {
  JsonWriter json;

  json.begin_array();
  json.integer(std::numeric_limits<long long>::min());
  json.integer(std::numeric_limits<long long>::max());
  json.end_array();

  EXPECT_EQ(json.str(), "[-9223372036854775808,9223372036854775807]");
}

TEST(JsonWriter, EscapesHostileTextsAndKeys) {
  JsonWriter json;

  json.begin_object();
  json.key("a\"\x7f").text("\x1b[2J\xc2\x9b\xe2\x80\xae\xff");
  json.end_object();

  EXPECT_EQ(json.str(), "{\"a\\\"\\u007f\":\"\\u001b[2J\\u009b\\u202e\xef\xbf\xbd\"}");
  EXPECT_FALSE(find_json_fault(json.str(), JsonDialect::strict));
}

TEST(JsonWriter, CanBeTakenInPieces) {
  JsonWriter json;
  std::string pieces;
  const auto keep = [&pieces](std::string_view piece) { pieces += piece; };

  json.begin_object();
  json.key("large").raw("");
  json.take(keep);
  pieces += "[1]";
  json.key("ok").boolean(true);
  json.end_object();
  json.take(keep);
  json.take(keep);

  EXPECT_EQ(pieces, R"({"large":[1],"ok":true})");
}

TEST(JsonWriter, WritesOneValueAfterTheOther) {
  JsonWriter json;
  std::string lines;
  for (const int number : {1, 2}) {
    json.begin_object();
    json.key("n").integer(number);
    json.end_object();
    json.take([&lines](std::string_view piece) { lines += piece; });
    lines += '\n';
  }

  EXPECT_EQ(lines, "{\"n\":1}\n{\"n\":2}\n");
}

TEST(JsonWriter, WritesNullForNothing) {
  JsonWriter json;

  json.begin_array()
      .text_or_null("")
      .text_or_null("x")
      .integer_or_null(7)
      .integer_or_null({})
      .end_array();

  EXPECT_EQ(json.str(), R"([null,"x",7,null])");
}

TEST(JsonWriter, WritesALoneScalar) {
  JsonWriter json;

  json.text("é");

  EXPECT_EQ(json.str(), "\"é\"");
}

TEST(RapidjsonVersion, IsANumberWithDots) {
  EXPECT_NE(rapidjson_version().find('.'), std::string_view::npos);
}

}  // namespace
}  // namespace miko
