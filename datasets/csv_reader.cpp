#include "datasets/csv_reader.h"
#include <zlib.h>
#include "framework/train/file.h"

#include <array>
#include <set>

namespace gradus::data {
namespace {

std::string place_of(const std::filesystem::path& path, std::int64_t line) {
  return path.string() + ":" + std::to_string(line) + ": ";
}

std::string read_gzipped(const std::filesystem::path& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(::gzopen(path.c_str(), "rb"), ::gzclose);
  if (!file) throw FileError("cannot open " + path.string());
  std::string text;
  std::array<char, 1U << 16U> part{};
  int got = 0;
  while ((got = ::gzread(file.get(), part.data(), part.size())) > 0) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  int code = Z_OK;
  const std::string reason = ::gzerror(file.get(), &code);
  if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
    throw FileError(path.string() + ": broken gzip data (" + reason + ")");
  }
  return text;
}

std::string read_text(const std::filesystem::path& path) {
  return path.extension() == ".gz" ? read_gzipped(path) : read_file(path);
}

// Walks through the text and unescapes it where it lies.
class Parser {
 public:
  Parser(const std::filesystem::path& path, std::string& text, char delimiter)
      : path_(path), text_(text), delimiter_(delimiter) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  void skip_line() {
    const std::size_t end = text_.find('\n', at_);
    at_ = end == std::string::npos ? text_.size() : end + 1;
    ++line_;
  }

  // The cells of the next row; false at the end.
  bool next(std::vector<std::string_view>& cells) {
    cells.clear();
    if (!find_row()) return false;
    row_line_ = line_;
    cells.push_back(cell());
    while (!is_end() && text_[at_] == delimiter_) {
      ++at_;
      cells.push_back(cell());
    }
    end_line();
    return true;
  }

  // Where the row that next() gave begins.
  [[nodiscard]] std::int64_t row_line() const { return row_line_; }

  [[noreturn]] void refuse(const std::string& reason, std::int64_t line) const {
    throw FileError(place_of(path_, line) + reason);
  }

 private:
  [[nodiscard]] bool is_end() const { return at_ == text_.size(); }
  [[nodiscard]] bool is_line_end() const {
    if (is_end() || text_[at_] == '\n') return true;
    return text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
  }
  [[nodiscard]] bool is_blank(char c) const { return (c == ' ' || c == '\t') && c != delimiter_; }

  void skip_blanks() {
    while (!is_end() && is_blank(text_[at_])) ++at_;
  }

  void end_line() {
    if (is_end()) return;
    at_ += text_[at_] == '\r' ? 2 : 1;
    ++line_;
  }

  // Goes past blank lines; false when nothing is left.
  bool find_row() {
    while (!is_end()) {
      const std::size_t begin = at_;
      skip_blanks();
      if (!is_line_end()) {
        at_ = begin;
        return true;
      }
      end_line();
    }
    return false;
  }

  std::string_view cell() {
    skip_blanks();
    if (!is_end() && text_[at_] == '"') return quoted();
    const std::size_t begin = at_;
    for (; !is_line_end() && text_[at_] != delimiter_; ++at_) check_plain(text_[at_]);
    std::size_t end = at_;
    while (end > begin && is_blank(text_[end - 1])) --end;
    return std::string_view(text_).substr(begin, end - begin);
  }

  void check_plain(char c) const {
    if (c == '"') {
      refuse(
          "a quote within a cell that is not quoted; put the cell in quotes and double those "
          "within it",
          line_);
    }
    if (c == '\r') refuse("a carriage return without a line feed; lines end in LF or CRLF", line_);
    if (c == '\0') refuse("a zero byte; this is no text in UTF-8", line_);
  }

  std::string_view quoted() {
    const std::int64_t first_line = line_;
    const std::size_t begin = ++at_;
    std::size_t end = begin;  // of the unescaped text
    while (true) {
      if (is_end()) refuse("the quote that begins here is never closed", first_line);
      const char c = text_[at_++];
      if (c == '"') {
        if (is_end() || text_[at_] != '"') break;
        ++at_;
      }
      if (c == '\0') refuse("a zero byte; this is no text in UTF-8", line_);
      if (c == '\n') ++line_;
      text_[end++] = c;
    }
    skip_blanks();
    if (!is_line_end() && text_[at_] != delimiter_) {
      refuse(std::string("there is text behind a closing quote; expected \"") + delimiter_ +
                 "\" or the end of the line (quotes within a quoted cell are doubled)",
             line_);
    }
    return std::string_view(text_).substr(begin, end - begin);
  }

  const std::filesystem::path& path_;
  std::string& text_;
  char delimiter_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
  std::int64_t row_line_ = 1;
};

}  // namespace

CsvTable::CsvTable(std::filesystem::path path, const CsvFormat& format)
    : path_(std::move(path)), text_(std::make_unique<std::string>(read_text(path_))) {
  Parser parser(path_, *text_, format.delimiter);
  for (std::int64_t i = 0; i < format.skip_lines; ++i) parser.skip_line();
  std::vector<std::string_view> row;
  if (!parser.next(row)) throw FileError(path_.string() + ": there are no rows in it");
  std::vector<std::string> names = format.names;
  if (format.header) {
    names.assign(row.begin(), row.end());
  } else if (names.empty()) {
    for (std::size_t i = 0; i < row.size(); ++i) names.push_back(std::to_string(i));
  }
  name_columns(std::move(names), parser.row_line());
  if (format.header && !parser.next(row)) {
    throw FileError(path_.string() + ": there are no rows below its header");
  }
  do {
    if (row.size() != names_.size()) {
      parser.refuse(
          std::to_string(row.size()) + " cells, expected " + std::to_string(names_.size()) +
              (format.header ? ", as many as the header has" : ", as many as there are columns") +
              " (a cell with the delimiter in it must be quoted)",
          parser.row_line());
    }
    cells_.insert(cells_.end(), row.begin(), row.end());
    lines_.push_back(parser.row_line());
  } while (parser.next(row));
}

void CsvTable::name_columns(std::vector<std::string> names, std::int64_t line) {
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (seen.insert(name).second) continue;
    throw FileError(place_of(path_, line) + "two columns are named \"" + name + "\"");
  }
  names_ = std::move(names);
}

std::string CsvTable::place(std::int64_t row, std::int64_t column) const {
  return place_of(path_, lines_[static_cast<std::size_t>(row)]) + "column \"" +
         names_[static_cast<std::size_t>(column)] + "\"";
}

}  // namespace gradus::data
