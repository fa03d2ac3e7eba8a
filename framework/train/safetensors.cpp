#include "framework/train/safetensors.h"
#include "framework/kernels/checksum.h"
#include "framework/tensor/stored_dtype.h"
#include "framework/train/file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

namespace gradus {
namespace {

const std::string kMetadata = "__metadata__";
const std::string kChecksums = "gradus_xxh3";
const std::string kHeaderChecksum = "gradus_header_xxh3";
constexpr std::uint64_t kMostHeader = 100'000'000;

std::string_view bytes_of(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.raw().data), tensor.nbytes()};
}

constexpr std::size_t kDigits = 16;

std::string digits_of(std::uint64_t checksum) {
  std::array<char, kDigits + 1> text = {};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(checksum));
  return text.data();
}

// Where the digits of the header's own checksum stand in its text. A quote within any string has a
// backslash before it, so that nothing else reads like this.
std::size_t place_of_digits(std::string_view header) {
  const std::string key = "\"" + kHeaderChecksum + "\":\"";
  const std::size_t at = header.find(key);
  return at == std::string_view::npos ? at : at + key.size();
}

// Of the length that stands before the header, and of it with zeros for its own digits.
std::string header_digits(std::string_view header, std::size_t place) {
  const std::uint64_t length = header.size();
  std::string text(reinterpret_cast<const char*>(&length), sizeof length);
  text += header;
  text.replace(sizeof length + place, kDigits, kDigits, '0');
  return digits_of(kernels::checksum(text.data(), text.size()));
}

// One file's header, checked entry by entry.
class Reader {
 public:
  Reader(std::string name, std::string_view file) : name_(std::move(name)), file_(file) {}

  SafetensorsFile read() {
    const Json header = read_header();
    SafetensorsFile content;
    if (header.contains(kMetadata)) content.metadata = metadata(header[kMetadata]);
    content.has_checksums = take_checksums(content.metadata);
    for (const auto& [name, entry] : header.items()) {
      if (name == kMetadata) continue;
      content.tensors.push_back({name, tensor(name, entry)});
      const auto dtype = entry["dtype"].get<std::string>();
      if (stored_dtype(dtype)->is_wider) content.stored_as[name] = dtype;
    }
    check_coverage();
    if (!checksums_.empty())
      refuse("there is no tensor for the checksum of \"" + checksums_.begin()->first + "\"");
    return content;
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw FileError(name_ + ": no sound safetensors file: " + reason);
  }

  Json read_header() {
    if (file_.size() < 8) refuse("it has " + std::to_string(file_.size()) + " bytes");
    std::uint64_t length = 0;
    std::memcpy(&length, file_.data(), sizeof length);
    if (file_.starts_with("PK\3\4")) {
      refuse(
          "it is an archive, as torch.save() writes; write the state dict by safetensors' own "
          "safetensors.torch.save_file()");
    }
    if (length > kMostHeader) refuse("a header of " + std::to_string(length) + " bytes");
    if (length > file_.size() - 8) refuse("the header ends behind the end of the file");
    header_ = file_.substr(8, length);
    data_ = file_.substr(8 + length);
    Json header = parse_json(header_, name_ + " (header)");
    if (!header.is_object()) refuse("the header is no JSON object");
    return header;
  }

  std::map<std::string, std::string> metadata(const Json& entry) const {
    std::map<std::string, std::string> result;
    if (!entry.is_object()) refuse("__metadata__ is no object");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) refuse("__metadata__ \"" + key + "\" is no string");
      result[key] = value.get<std::string>();
    }
    return result;
  }

  // Moves the checksums out of the metadata, and checks the header by its own. False where there
  // are none.
  bool take_checksums(std::map<std::string, std::string>& metadata) {
    const auto own = metadata.extract(kHeaderChecksum);
    const auto all = metadata.extract(kChecksums);
    if (own.empty() && all.empty()) return false;
    if (own.empty() || all.empty()) refuse("only one of its two kinds of checksums is there");
    const std::size_t place = place_of_digits(header_);
    if (place == std::string_view::npos || own.mapped().size() != kDigits ||
        header_digits(header_, place) != own.mapped()) {
      refuse("the header is not what was written: its checksum is another");
    }
    const Json json = parse_json(all.mapped(), name_ + " (" + kChecksums + ")");
    if (!json.is_object()) refuse(kChecksums + " is no object");
    for (const auto& [name, digits] : json.items()) {
      if (!digits.is_string()) refuse("the checksum of \"" + name + "\" is no text");
      checksums_[name] = digits.get<std::string>();
    }
    has_checksums_ = true;
    return true;
  }

  void check_bytes(const std::string& name, std::string_view bytes) {
    if (!has_checksums_) return;
    const auto checksum = checksums_.extract(name);
    if (checksum.empty()) refuse("\"" + name + "\" has no checksum");
    if (checksum.mapped() != digits_of(kernels::checksum(bytes.data(), bytes.size()))) {
      refuse("\"" + name + "\" is not what was written: its checksum is another");
    }
  }

  static bool is_count(const Json& json) {
    return json.is_number_unsigned() && json.get<std::uint64_t>() <= INT64_MAX;
  }

  Tensor tensor(const std::string& name, const Json& entry) {
    const auto refuse_entry = [&](const std::string& why) { refuse("\"" + name + "\": " + why); };
    if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") ||
        !entry.contains("shape") || !entry.contains("data_offsets")) {
      refuse_entry("expected dtype, shape and data_offsets");
    }
    const Json& dtype = entry["dtype"];
    const auto type = stored_dtype(dtype.is_string() ? dtype.get<std::string>() : "");
    if (!type) refuse_entry("dtype " + dtype.dump() + " is unknown");
    const Json& shape = entry["shape"];
    if (!shape.is_array() || shape.size() > kMaxDims ||
        !std::all_of(shape.begin(), shape.end(), is_count)) {
      refuse_entry("shape " + shape.dump() + " is no list of at most 8 sizes");
    }
    const std::string_view bytes = claim(name, entry["data_offsets"]);
    check_bytes(name, bytes);
    try {
      return read_stored(*type, shape.get<std::vector<std::int64_t>>(), bytes);
    } catch (const ValueError& error) {
      refuse("\"" + name + "\": " + error.message());
    }
  }

  // The bytes at `offsets`. All claims together are at most the data, so that a small file cannot
  // ask for much memory: eight times its size, where all is of a dtype that is read as a wider one.
  std::string_view claim(const std::string& name, const Json& offsets) {
    if (!offsets.is_array() || offsets.size() != 2 || !is_count(offsets[0]) ||
        !is_count(offsets[1])) {
      refuse("\"" + name + "\": data_offsets " + offsets.dump() + " are no pair of offsets");
    }
    const auto begin = offsets[0].get<std::uint64_t>();
    const auto end = offsets[1].get<std::uint64_t>();
    if (begin > end || end > data_.size()) {
      refuse("\"" + name + "\": data_offsets " + offsets.dump() + " in " +
             std::to_string(data_.size()) + " bytes of data");
    }
    claimed_ += end - begin;
    if (claimed_ > data_.size()) refuse("\"" + name + "\": tensors overlap");
    ranges_.emplace_back(begin, end);
    return data_.substr(begin, end - begin);
  }

  void check_coverage() {
    std::sort(ranges_.begin(), ranges_.end());
    std::uint64_t covered = 0;
    for (const auto& [begin, end] : ranges_) {
      if (begin != covered)
        refuse("tensors overlap or leave a gap at byte " + std::to_string(begin));
      covered = end;
    }
    if (covered != data_.size()) {
      refuse("its tensors fill " + std::to_string(covered) + " of " + std::to_string(data_.size()) +
             " bytes of data");
    }
  }

  std::string name_;
  std::string_view file_;
  std::string_view header_;
  std::string_view data_;
  std::map<std::string, std::string> checksums_;  // of tensors that were not looked at yet
  bool has_checksums_ = false;
  std::uint64_t claimed_ = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;
};

// The tensors by alignment, then name, in dense memory.
nn::StateDict in_file_order(const nn::StateDict& tensors) {
  nn::StateDict ordered;
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    if (name == kMetadata) throw ValueError("write_safetensors: no tensor can be called " + name);
    if (!names.insert(name).second) throw ValueError("write_safetensors: \"" + name + "\" twice");
    ordered.push_back({name, tensor.detach().contiguous()});
  }
  std::sort(ordered.begin(), ordered.end(), [](const nn::NamedTensor& a, const nn::NamedTensor& b) {
    const std::size_t wide = size_of(a.tensor.dtype());
    const std::size_t other = size_of(b.tensor.dtype());
    return wide != other ? wide > other : a.name < b.name;
  });
  return ordered;
}

Json entry_of(const Tensor& tensor, std::size_t begin) {
  return {{"dtype", stored_name(tensor.dtype())},
          {"shape", std::vector<std::int64_t>(tensor.sizes().begin(), tensor.sizes().end())},
          {"data_offsets", {begin, begin + tensor.nbytes()}}};
}

std::string checksums_of(const nn::StateDict& tensors) {
  Json checksums = Json::object();
  for (const auto& [name, tensor] : tensors) {
    const std::string_view bytes = bytes_of(tensor);
    checksums[name] = digits_of(kernels::checksum(bytes.data(), bytes.size()));
  }
  return checksums.dump();
}

// The header's text, padded so that the data behind it is aligned.
std::string header_of(const nn::StateDict& ordered, std::map<std::string, std::string> metadata) {
  try {
    metadata[kHeaderChecksum] = std::string(kDigits, '0');
    metadata[kChecksums] = checksums_of(ordered);
    Json header = {{kMetadata, metadata}};
    std::size_t offset = 0;
    for (const auto& [name, tensor] : ordered) {
      header[name] = entry_of(tensor, offset);
      offset += tensor.nbytes();
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::size_t place = place_of_digits(text);
    return text.replace(place, kDigits, header_digits(text, place));
  } catch (const Json::type_error&) {
    throw ValueError("write_safetensors: a name or metadata is no UTF-8");
  }
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& content) {
  const nn::StateDict ordered = in_file_order(content.tensors);
  const std::string header = header_of(ordered, content.metadata);
  const std::uint64_t length = header.size();
  std::vector<std::string_view> pieces = {{reinterpret_cast<const char*>(&length), sizeof length},
                                          header};
  for (const nn::NamedTensor& each : ordered) pieces.push_back(bytes_of(each.tensor));
  write_file_atomically(path, pieces);
}

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_file(path), path.string());
}

SafetensorsFile parse_safetensors(std::string_view bytes, const std::string& name) {
  return Reader(name, bytes).read();
}

}  // namespace gradus
