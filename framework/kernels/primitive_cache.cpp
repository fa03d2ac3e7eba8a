#include "framework/kernels/primitive_cache.h"
#include "framework/kernels/profile.h"

#include <list>
#include <mutex>
#include <unordered_map>

namespace gradus::kernels {
namespace {

dnnl::stream& stream() {
  thread_local dnnl::stream instance(dnnl_engine());
  return instance;
}

struct KeyHash {
  std::size_t operator()(const PrimitiveKey& key) const { return key.hash(); }
};

struct Cache {
  using Entry = std::pair<PrimitiveKey, std::shared_ptr<const Primitive>>;
  std::mutex making;        // held while a primitive is built
  std::mutex mutex;         // guards what follows
  std::list<Entry> recent;  // most recently used first
  std::unordered_map<PrimitiveKey, std::list<Entry>::iterator, KeyHash> index;

  std::shared_ptr<const Primitive> find(const PrimitiveKey& key) {
    const std::scoped_lock lock(mutex);
    const auto found = index.find(key);
    if (found == index.end()) return nullptr;
    recent.splice(recent.begin(), recent, found->second);
    return found->second->second;
  }

  void insert(const PrimitiveKey& key, std::shared_ptr<const Primitive> primitive) {
    const std::scoped_lock lock(mutex);
    recent.emplace_front(key, std::move(primitive));
    index.emplace(key, recent.begin());
    if (recent.size() > kPrimitiveCacheCapacity) {
      index.erase(recent.back().first);
      recent.pop_back();
    }
  }
};

Cache& cache() {
  static Cache& instance = *new Cache;
  return instance;
}

}  // namespace

struct Primitive::Arguments {
  std::vector<dnnl_exec_arg_t> list;  // as oneDNN's C interface takes them, the scratchpad first
  std::vector<dnnl::memory> memories;

  void add(int arg, const dnnl::memory::desc& desc) {
    memories.emplace_back(desc, dnnl_engine(), nullptr);
    list.push_back({arg, memories.back().get()});
  }
  void point(int arg, void* data) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].arg == arg) return memories[i].set_data_handle(data);
    }
    throw StateError("a primitive was first run without argument " + std::to_string(arg));
  }
};

Primitive::Primitive(dnnl::primitive primitive, dnnl::primitive_desc_base desc)
    : primitive_(std::move(primitive)),
      desc_(std::move(desc)),
      implementation_(desc_.impl_info_str()),
      scratch_bytes_(static_cast<std::int64_t>(desc_.scratchpad_desc().get_size())) {}

Primitive::~Primitive() = default;

std::unique_ptr<Primitive::Arguments> Primitive::take_arguments() const {
  const std::scoped_lock lock(mutex_);
  if (at_rest_.empty()) return nullptr;
  auto arguments = std::move(at_rest_.back());
  at_rest_.pop_back();
  return arguments;
}

void Primitive::give_back(std::unique_ptr<Arguments> arguments) const {
  const std::scoped_lock lock(mutex_);
  at_rest_.push_back(std::move(arguments));
}

PrimitiveKey& PrimitiveKey::add(std::int64_t value) {
  if (count_ == kMost) throw Error("a primitive's key has too many values");
  values_[count_++] = value;
  return *this;
}

std::size_t PrimitiveKey::hash() const {
  std::size_t hash = 0;
  for (const std::int64_t value : *this) {
    hash = (hash ^ static_cast<std::size_t>(value)) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 29U;
  }
  return hash;
}

std::shared_ptr<const Primitive> cached_primitive(
    const PrimitiveKey& key, FunctionRef<std::shared_ptr<const Primitive>()> make) {
  if (auto found = cache().find(key)) return found;
  const std::scoped_lock lock(cache().making);  // the chunks of one op want the same primitive
  if (auto found = cache().find(key)) return found;
  const SingleThread single;
  std::shared_ptr<const Primitive> made;
  named_errors([&] { made = make(); });
  cache().insert(key, made);
  return made;
}

std::size_t primitive_cache_size() {
  const std::scoped_lock lock(cache().mutex);
  return cache().recent.size();
}

void execute(const Primitive& primitive, std::initializer_list<PrimitiveArg> args) {
  if (profile::is_on()) profile::count_primitive(primitive.desc_);
  named_errors([&] {
    const SingleThread single;
    Scratch<> scratch(primitive.scratch_bytes_);
    auto arguments = primitive.take_arguments();
    if (!arguments) {
      arguments = std::make_unique<Primitive::Arguments>();
      arguments->add(DNNL_ARG_SCRATCHPAD, primitive.desc_.scratchpad_desc());
      for (const PrimitiveArg& each : args) arguments->add(each.arg, primitive.layout(each.arg));
    }
    arguments->point(DNNL_ARG_SCRATCHPAD, scratch.data());
    for (const auto& [arg, data] : args) arguments->point(arg, data);
    const std::vector<dnnl_exec_arg_t>& list = arguments->list;
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive.primitive_.get(), stream().get(),
                                                   static_cast<int>(list.size()), list.data()),
                            "a primitive failed");
    primitive.give_back(std::move(arguments));
  });
}

}  // namespace gradus::kernels
