// CSV files: what Python's csv module reads, and what is refused by file and line.
#include "datasets/csv_reader.h"
#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

using Cells = std::vector<std::vector<std::string>>;

Cells read(const std::string& text, const CsvFormat& format) {
  const test::TempDir folder;
  test::write_text(folder / "table.csv", text);
  const CsvTable table(folder / "table.csv", format);
  Cells rows;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    rows.emplace_back();
    for (std::int64_t c = 0; c < table.columns(); ++c) rows.back().emplace_back(table.cell(row, c));
  }
  return rows;
}

Cells read(const std::string& text) {
  return read(text, {.header = false});
}

// What is said of a file with this text, from its name on.
std::string refusal(const std::string& text, const CsvFormat& format = {}) {
  const std::string message = test::message_of<FileError>([&] { read(text, format); });
  const std::size_t name = message.find("table.csv");
  return name == std::string::npos ? message : message.substr(name);
}

TEST(CsvReader, reads_what_python_reads) {
  const Json golden = golden::load("data/csv.json");
  ASSERT_GT(golden["cases"].size(), 50U);
  for (const Json& each : golden["cases"]) {
    const CsvFormat format = {.delimiter = each["delimiter"].get<std::string>()[0],
                              .header = false};
    EXPECT_EQ(read(each["text"].get<std::string>(), format), each["rows"].get<Cells>())
        << each["text"];
  }
}

TEST(CsvReader, blanks_around_cells_and_blank_lines_do_not_count) {
  const Cells expected = {{"a b", " c "}, {"", "d"}};
  EXPECT_EQ(read("  a b\t,\" c \" \n\n  \n , d\n\n"), expected);
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "a b,\" c \"\r\n,d"),
            expected);
  // A delimiter is no blank.
  EXPECT_EQ(read("a\t\tb\n", {.delimiter = '\t', .header = false}), (Cells{{"a", "", "b"}}));
  EXPECT_EQ(read("a\n\"\"\nb\n"), (Cells{{"a"}, {""}, {"b"}}));
}

TEST(CsvReader, names_columns_and_skips_lines) {
  const test::TempDir folder;
  test::write_text(folder / "table.csv", "about, \"this\n\n\"a\nb\",c\n1,2\n3,4\n");
  const CsvTable table(folder / "table.csv", {.skip_lines = 2});
  EXPECT_EQ(table.names(), (std::vector<std::string>{"a\nb", "c"}));
  EXPECT_EQ(table.rows(), 2);
  EXPECT_EQ(table.cell(1, 0), "3");
  EXPECT_EQ(table.place(1, 1), (folder / "table.csv").string() + ":6: column \"c\"");

  const CsvTable bare(folder / "table.csv", {.header = false, .skip_lines = 4});
  EXPECT_EQ(bare.names(), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(bare.cell(0, 0), "1");
  const CsvTable named(folder / "table.csv",
                       {.header = false, .skip_lines = 4, .names = {"x", "y"}});
  EXPECT_EQ(named.names(), (std::vector<std::string>{"x", "y"}));
}

TEST(CsvReader, refuses_unsound_files_by_line) {
  const std::string ragged = "(a cell with the delimiter in it must be quoted)";
  const std::pair<std::string, std::string> cases[] = {
      {"", "table.csv: there are no rows in it"},
      {"\n \n", "table.csv: there are no rows in it"},
      {"a,b\n", "table.csv: there are no rows below its header"},
      {"a,b\n1,2\n3\n", "table.csv:3: 1 cells, expected 2, as many as the header has " + ragged},
      {"a,b\n\n\"1\n\",2,3\n",
       "table.csv:3: 3 cells, expected 2, as many as the header has " + ragged},
      {"a,b,a\n1,2,3\n", "table.csv:1: two columns are named \"a\""},
      {"a,b\n1,2\"\n",
       "table.csv:2: a quote within a cell that is not quoted; put the cell in quotes and double "
       "those within it"},
      {"a,b\n1,\"2\n\n", "table.csv:2: the quote that begins here is never closed"},
      {"a,b\n1,\"2\"3\n",
       "table.csv:2: there is text behind a closing quote; expected \",\" or the end of the line "
       "(quotes within a quoted cell are doubled)"},
      {"a,b\r1,2\r", "table.csv:1: a carriage return without a line feed; lines end in LF or CRLF"},
      {std::string("a,b\n1,\0\n", 8), "table.csv:2: a zero byte; this is no text in UTF-8"},
      {std::string("a,b\n1,\"\0\"\n", 10), "table.csv:2: a zero byte; this is no text in UTF-8"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(refusal(text), expected) << text;
  EXPECT_EQ(refusal("1,2\n", {.header = false, .names = {"x"}}),
            "table.csv:1: 2 cells, expected 1, as many as there are columns " + ragged);
  EXPECT_EQ(refusal("a,b\n1,2\n", {.skip_lines = 5}), "table.csv: there are no rows in it");
  EXPECT_THROW(CsvTable("/no/such/file.csv", {}), FileError);
}

// Whatever is cut off or changed, the reader refuses it or reads a table: nothing else.
TEST(CsvReader, survives_any_bytes) {
  const std::string sound = "a,\"b\"\"\n\",c\r\n1,\"2\n\", 3 \n";
  int refused = 0;
  const auto attempt = [&](const std::string& text) {
    try {
      const Cells rows = read(text);
      for (const auto& row : rows) EXPECT_EQ(row.size(), rows.front().size());
    } catch (const FileError&) {
      ++refused;
    }
  };
  for (std::size_t i = 0; i < sound.size(); ++i) {
    attempt(sound.substr(0, i));
    for (const char c : {'"', ',', '\n', '\r', ' ', '\0'}) {
      std::string changed = sound;
      changed[i] = c;
      attempt(changed);
    }
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace gradus::data
