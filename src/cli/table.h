#pragma once

#include <string>
#include <vector>

namespace miko::cli {

enum class Tone { plain, good, careful, bad, faint };

/// One place in a table; the text may be anybody's and is made printable.
struct Cell {
  std::string text = {};
  Tone tone = Tone::plain;
};

/// Columns for eyes, as wide as their widest cell, two blanks apart.
class Table {
 public:
  explicit Table(std::vector<std::string> names) : names_(std::move(names)) {}

  /// As many cells as there are names.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }

  /// Lines, the first with the names of the columns.
  [[nodiscard]] std::string text(bool colour) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<Cell>> rows_ = {};
};

}  // namespace miko::cli
