#include "amqp/outbox.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "amqp/codec.h"
#include "base/error.h"

namespace miko::amqp {
namespace {

constexpr std::size_t frame_max = 4096;
constexpr std::size_t piece_max = frame_max - frame_overhead;

/// Everything the outbox has, taken in steps of at most `step` bytes.
std::string drain(Outbox& outbox, std::size_t step = 1'000'000'000) {
  std::string all;
  while (!outbox.front().empty()) {
    const std::string_view piece = outbox.front().substr(0, step);
    all += piece;
    outbox.sent(piece.size());
  }
  return all;
}

/// Sizes of the body frames in `bytes`, and what they hold together.
struct Bodies {
  std::vector<std::size_t> sizes = {};
  std::string text = {};
};

Bodies bodies_in(std::string_view bytes) {
  Bodies bodies;
  while (const std::optional<Frame> frame = take_frame(bytes, frame_max)) {
    if (frame->type == FrameType::body) {
      bodies.sizes.push_back(frame->payload.size());
      bodies.text += frame->payload;
    }
  }
  EXPECT_EQ(bytes, "");
  return bodies;
}

Message message_of(std::string body) {
  return {.exchange = "x", .routing_key = "k", .body = std::move(body)};
}

/// Some text whose pieces all differ.
std::string text_of(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) {
    text += std::to_string(i) + ' ';
  }
  text.resize(size);
  return text;
}

TEST(Outbox, IsEmptyAtFirst) {
  Outbox outbox;

  EXPECT_EQ(outbox.front(), "");
  EXPECT_EQ(outbox.appended_total(), 0U);
  EXPECT_EQ(outbox.sent_total(), 0U);
}

TEST(Outbox, SendsAMessageAsMethodHeaderAndBody) {
  Outbox outbox;
  std::string expected;
  append_publish(expected, message_of("body"), frame_max);
  append_body_frame(expected, "body");

  outbox.append(message_of("body"), frame_max);

  EXPECT_EQ(drain(outbox), expected);
}

TEST(Outbox, SendsNoBodyFrameWithoutBody) {
  Outbox outbox;
  std::string expected;
  append_publish(expected, message_of(""), frame_max);

  outbox.append(message_of(""), frame_max);

  EXPECT_EQ(drain(outbox), expected);
}

TEST(Outbox, CutsBodiesIntoFramesOfTheAgreedSize) {
  struct Case {
    std::size_t body_size;
    std::size_t frames;
    std::size_t last;
  };
  const Case cases[] = {
      {1, 1, 1},
      {piece_max, 1, piece_max},
      {piece_max + 1, 2, 1},
      {2 * piece_max, 2, piece_max},
      {20 * piece_max, 20, piece_max},
      {20 * piece_max - 1, 20, piece_max - 1},
      {20 * piece_max + 1, 21, 1},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.body_size);
    Outbox outbox;
    const std::string body = text_of(c.body_size);

    outbox.append(message_of(body), frame_max);
    const std::string sent = drain(outbox);

    EXPECT_EQ(outbox.appended_total(), sent.size());
    EXPECT_EQ(outbox.sent_total(), sent.size());
    const Bodies bodies = bodies_in(sent);
    EXPECT_EQ(bodies.text, body);
    EXPECT_EQ(bodies.sizes.size(), c.frames);
    EXPECT_EQ(bodies.sizes.back(), c.last);
  }
}

TEST(Outbox, FramesALargeBodyOnlyWhenItIsSent) {
  constexpr std::size_t room = 256 * 1024 + frame_max;
  Outbox outbox;

  outbox.append(message_of(text_of(5'000'000)), frame_max);

  EXPECT_GT(outbox.appended_total(), 5'000'000U);
  while (!outbox.front().empty()) {
    ASSERT_LE(outbox.front().size(), room);
    outbox.sent(outbox.front().size());
  }
  EXPECT_EQ(outbox.sent_total(), outbox.appended_total());
}

TEST(Outbox, KeepsTheOrderOfFramesAndMessagesLargeAndSmall) {
  const std::string large = text_of(100'000);
  Outbox outbox;
  std::string expected = "first";
  append_publish(expected, message_of("small"), frame_max);
  append_body_frame(expected, "small");
  append_publish(expected, message_of(large), frame_max);
  for (std::size_t at = 0; at < large.size(); at += piece_max) {
    append_body_frame(expected, std::string_view(large).substr(at, piece_max));
  }
  expected += "second";
  append_publish(expected, message_of("last"), frame_max);
  append_body_frame(expected, "last");

  outbox.append("first");
  outbox.append(message_of("small"), frame_max);
  outbox.append(message_of(large), frame_max);
  outbox.append("second");
  outbox.append(message_of("last"), frame_max);

  EXPECT_EQ(outbox.appended_total(), expected.size());
  EXPECT_EQ(drain(outbox), expected);
}

TEST(Outbox, SendsTheSameBytesInSmallSteps) {
  Outbox whole;
  Outbox in_steps;
  for (Outbox* outbox : {&whole, &in_steps}) {
    outbox->append(message_of(text_of(100'000)), frame_max);
    outbox->append(message_of("small"), frame_max);
  }

  EXPECT_EQ(drain(in_steps, 777), drain(whole));
}

TEST(Outbox, TakesMoreWhileItSends) {
  Outbox outbox;
  outbox.append("abcdef");
  outbox.sent(2);

  outbox.append("ghi");

  EXPECT_EQ(outbox.front(), "cdefghi");
  EXPECT_EQ(outbox.sent_total(), 2U);
  EXPECT_EQ(outbox.appended_total(), 9U);
}

TEST(Outbox, TakesMoreBehindALargeBodyThatIsHalfSent) {
  const std::string large = text_of(400'000);
  Outbox outbox;
  outbox.append(message_of(large), frame_max);
  std::string sent(outbox.front());
  outbox.sent(sent.size());

  std::string heartbeat;
  append_heartbeat(heartbeat);
  outbox.append(heartbeat);
  sent += drain(outbox);

  EXPECT_EQ(bodies_in(sent).text, large);
  EXPECT_TRUE(sent.ends_with(heartbeat));
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Appends and sends `count` messages and always leaves some bytes behind; gives `take` what
/// leaves.
template <class Take>
void send_without_running_empty(Outbox& outbox, int count, const Take& take) {
  constexpr std::size_t behind = 25'000;
  const std::string body = text_of(50'000);
  for (int i = 0; i < count; ++i) {
    outbox.append(message_of(body + std::to_string(i)), 131072);
    while (outbox.appended_total() - outbox.sent_total() > behind) {
      const std::size_t left = outbox.appended_total() - outbox.sent_total() - behind;
      const std::string_view piece = outbox.front().substr(0, left);
      take(piece);
      outbox.sent(piece.size());
    }
  }
}

TEST(Outbox, SendsTheSameBytesThoughItNeverRunsEmpty) {
  constexpr int count = 50;
  Outbox outbox;
  std::string sent;
  send_without_running_empty(outbox, count, [&sent](std::string_view piece) { sent += piece; });
  sent += drain(outbox);
  Outbox whole;
  for (int i = 0; i < count; ++i) {
    whole.append(message_of(text_of(50'000) + std::to_string(i)), 131072);
  }

  EXPECT_TRUE(sent == drain(whole));
}

TEST(Outbox, ForgetsWhatWentOutThoughItNeverRunsEmpty) {
  Outbox outbox;
  const std::size_t before = resident_bytes();

  send_without_running_empty(outbox, 4000, [](std::string_view) {});

#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  EXPECT_LT(resident_bytes(), before + 20'000'000);
#else
  static_cast<void>(before);
#endif
}

TEST(Outbox, KnowsWhenAMessageHasLeft) {
  Outbox outbox;
  outbox.append(message_of("one"), frame_max);
  const std::uint64_t first_end = outbox.appended_total();
  outbox.append(message_of("two"), frame_max);

  outbox.sent(first_end - 1);
  const bool left_before = outbox.sent_total() >= first_end;
  outbox.sent(1);

  EXPECT_FALSE(left_before);
  EXPECT_EQ(outbox.sent_total(), first_end);
}

TEST(Outbox, AppendsNothingOfAMessageThatDoesNotFit) {
  Outbox outbox;
  Message message = message_of("body");
  message.properties.headers = {{"k", FieldValue{.value = std::string(frame_max, 'x')}}};

  EXPECT_THROW(outbox.append(std::move(message), frame_max), Error);

  EXPECT_EQ(outbox.appended_total(), 0U);
  EXPECT_EQ(outbox.front(), "");
}

TEST(Outbox, ForgetsWhatIsBehindACut) {
  Outbox outbox;
  outbox.append("gone");
  outbox.sent(outbox.front().size());
  outbox.append("kept");
  const std::uint64_t position = outbox.appended_total();
  outbox.append(message_of("small"), frame_max);
  outbox.append(message_of(text_of(1'000'000)), frame_max);

  outbox.cut(position);

  EXPECT_EQ(outbox.appended_total(), position);
  outbox.append("after");
  EXPECT_EQ(drain(outbox), "keptafter");
  EXPECT_EQ(outbox.sent_total(), outbox.appended_total());
}

}  // namespace
}  // namespace miko::amqp
