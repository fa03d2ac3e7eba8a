#include "tests/support/graph_files.h"

#include <cctype>
#include <stdexcept>

namespace gradus::test {
namespace {

class DotReader {
 public:
  explicit DotReader(const std::string& text) : text_(text) {}

  Dot read() {
    expect("digraph");
    next();
    expect("{");
    Dot dot;
    for (std::string id = next(); id != "}"; id = next()) {
      bool is_edge = false;
      std::string token = next();
      if (token == "->") {
        is_edge = true;
        next();
        token = next();
      }
      if (token != "[") throw std::runtime_error("[ expected, not " + token);
      const std::string label = attributes();
      if (id != "node" && id != "edge") (is_edge ? dot.edges : dot.nodes).push_back(label);
      expect(";");
    }
    return dot;
  }

 private:
  std::string attributes() {
    std::string label;
    for (std::string name = next(); name != "]"; name = next()) {
      expect("=");
      const std::string value = next();
      if (name == "label") label = value;
      const std::string after = next();
      if (after == "]") break;
      if (after != ",") throw std::runtime_error(", expected, not " + after);
    }
    return label;
  }

  void expect(const std::string& token) {
    const std::string found = next();
    if (found != token) throw std::runtime_error(token + " expected, not " + found);
  }

  std::string next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    if (at_ == text_.size()) throw std::runtime_error("the DOT ends too early");
    if (text_[at_] == '"') return quoted();
    std::string word;
    const auto is_word = [&] {
      const auto c = static_cast<unsigned char>(text_[at_]);
      return std::isalnum(c) != 0 || c == '_';
    };
    while (at_ < text_.size() && is_word()) word += text_[at_++];
    if (!word.empty()) return word;
    if (text_.compare(at_, 2, "->") == 0) return at_ += 2, "->";
    return {text_[at_++]};
  }

  std::string quoted() {
    std::string result;
    for (++at_; text_.at(at_) != '"'; ++at_) {
      if (text_[at_] != '\\') {
        result += text_[at_];
      } else {
        ++at_;
        result += text_.at(at_) == 'n' ? '\n' : text_[at_];
      }
    }
    ++at_;
    return result;
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

}  // namespace

Json data_in_html(const std::string& html) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t from = html.find(begin);
  if (from == std::string::npos) throw std::runtime_error("no data in the HTML");
  const std::size_t to = html.find("</script", from);
  return Json::parse(html.substr(from + begin.size(), to - from - begin.size()));
}

Json node_named(const Json& data, const std::string& name) {
  for (const Json& node : data["nodes"]) {
    if (node["name"] == name) return node;
  }
  throw std::runtime_error("no node " + name);
}

Json edge_between(const Json& data, const std::string& from, const std::string& to) {
  for (const Json& edge : data["edges"]) {
    if (edge["from"] == node_named(data, from)["id"] && edge["to"] == node_named(data, to)["id"]) {
      return edge;
    }
  }
  throw std::runtime_error("no edge " + from + " -> " + to);
}

Dot read_dot(const std::string& text) {
  return DotReader(text).read();
}

}  // namespace gradus::test
