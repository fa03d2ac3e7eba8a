// CSV files as RFC 4180 describes them: rows of cells between delimiters; a cell in double quotes
// may hold delimiters, line ends and, doubled, quotes. Lines end in LF or CRLF.
//
// Beyond the RFC: the delimiter may be another character, a byte order mark is skipped, blanks
// around a cell are no part of it (they are within the quotes), blank lines are no rows, and a file
// whose name ends in .gz is gzipped. Within it nothing is guessed: what is not of this form is
// refused with the file and the line.
#pragma once

#include "framework/kernels/error.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::data {

struct CsvFormat {
  char delimiter = ',';
  bool header = true;           ///< whether the first row names the columns
  std::int64_t skip_lines = 0;  ///< how many lines stand before the header, or the first row
  std::vector<std::string> names =
      {};  ///< of the columns of a file without a header; or "0", "1", ...
};

/// The cells of a file, all rows of the same length.
class CsvTable {
 public:
  /// Throws FileError for a file that is missing, empty or unsound, a row that is longer or shorter
  /// than the first, and columns of the same name.
  CsvTable(std::filesystem::path path, const CsvFormat& format);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] std::int64_t columns() const { return static_cast<std::int64_t>(names_.size()); }
  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(lines_.size()); }
  [[nodiscard]] std::string_view cell(std::int64_t row, std::int64_t column) const {
    return cells_[static_cast<std::size_t>(row * columns() + column)];
  }
  /// "table.csv:17: column \"age\"", as messages begin.
  [[nodiscard]] std::string place(std::int64_t row, std::int64_t column) const;

 private:
  void name_columns(std::vector<std::string> names, std::int64_t line);

  std::filesystem::path path_;
  std::unique_ptr<std::string> text_;  // what the cells lie in
  std::vector<std::string> names_;
  std::vector<std::string_view> cells_;
  std::vector<std::int64_t> lines_;  // on which each row begins
};

}  // namespace gradus::data
