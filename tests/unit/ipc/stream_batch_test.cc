// SPDX-License-Identifier: Apache-2.0
#include "ipc/stream_batch.h"

#include <string>

#include <gtest/gtest.h>

namespace latchkey::ipc::fetch {
namespace {

TEST(StreamBatch, ComesBackAsItWasWhateverTheBytes) {
  StreamBatch batch;
  batch.trimmed = true;
  batch.end = "18446744073709551615-9";
  batch.items = {
      {"1-0", "a.b.c"}, {"1-1", ""}, {"18446744073709551615-7", std::string("\n0-0 3\n\0", 8)}};
  const auto read = decode_stream_batch(encode(batch));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->trimmed);
  EXPECT_EQ(read->items, batch.items);
  EXPECT_EQ(read->end, batch.end);
  EXPECT_FALSE(decode_stream_batch(encode(StreamBatch{}))->trimmed);
}

TEST(StreamBatch, RefusesWhatIsNone) {
  for (const std::string body :
       {"", "other\n", "whole", "whole \n", "whole 1\n", "whole  1-0\n", "whole1-0\n",
        "whole\n1-0 5\nabc\n", "whole\n1-0 3\nabcd", "whole\n1-0 3\nabc", "whole\n1 3\nabc\n",
        "whole\n1-0 x\nabc\n", "whole\n1-0 65538\n"}) {
    EXPECT_FALSE(decode_stream_batch(body)) << body;
  }
}

TEST(StreamBatch, HasSoManyItemsAndNoMore) {
  StreamBatch batch;
  batch.items.assign(kItemsInBatch, {"1-0", "x"});
  EXPECT_TRUE(decode_stream_batch(encode(batch)));
  batch.items.push_back({"1-0", "x"});
  EXPECT_FALSE(decode_stream_batch(encode(batch)));
  batch.items = {{"1-0", std::string(kItemMost, 'x')}};
  EXPECT_TRUE(decode_stream_batch(encode(batch)));
}

TEST(EntryId, IsTwoNumbersInTheirOneSpelling) {
  EXPECT_EQ(parse_entry_id("1764331260000-3"), (EntryId{1'764'331'260'000, 3}));
  EXPECT_LT(*parse_entry_id("9-9"), *parse_entry_id("10-0"));
  for (const std::string text : {"", "-", "1", "1-", "-1", "01-0", "1-00", "1-0 ", "+1-0", "1-0-0",
                                 "18446744073709551616-0"}) {
    EXPECT_FALSE(is_entry_id(text)) << text;
  }
}

}  // namespace
}  // namespace latchkey::ipc::fetch
