#include "framework/kernels/primitive_cache.h"

#include <list>
#include <mutex>
#include <unordered_map>

namespace gradus::kernels {
namespace {

dnnl::stream& stream() {
  thread_local dnnl::stream instance(dnnl_engine());
  return instance;
}

// Turns oneDNN's errors into ours.
template <class Body>
void named_errors(Body body) {
  try {
    body();
  } catch (const dnnl::error& error) {
    throw Error("oneDNN: " + std::string(error.message) + " (status " +
                std::to_string(error.status) + ")");
  }
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

std::size_t PrimitiveKey::hash() const {
  std::size_t hash = 0;
  for (const std::int64_t value : values_) {
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
  named_errors([&] {
    const SingleThread single;
    const dnnl::memory::desc scratch_desc = primitive.desc.scratchpad_desc();
    Scratch<> scratch(static_cast<std::int64_t>(scratch_desc.get_size()));
    std::unordered_map<int, dnnl::memory> memories;
    for (const auto& [arg, data] : args) {
      memories.emplace(arg, dnnl::memory(primitive.layout(arg), dnnl_engine(), data));
    }
    memories.emplace(DNNL_ARG_SCRATCHPAD,
                     dnnl::memory(scratch_desc, dnnl_engine(), scratch.data()));
    primitive.primitive.execute(stream(), memories);
    stream().wait();
  });
}

Reorder::Reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to)
    : from_(from), to_(to) {
  named_errors([&] {
    const std::scoped_lock lock(cache().making);
    const SingleThread single;
    const dnnl::reorder::primitive_desc pd(dnnl_engine(), from, dnnl_engine(), to,
                                           user_scratchpad());
    scratch_ = pd.scratchpad_desc();
    reorder_ = dnnl::reorder(pd);
  });
}

void Reorder::run(void* source, void* target) const {
  named_errors([&] {
    const SingleThread single;
    Scratch<> scratch(static_cast<std::int64_t>(scratch_.get_size()));
    reorder_.execute(
        stream(), {{DNNL_ARG_FROM, dnnl::memory(from_, dnnl_engine(), source)},
                   {DNNL_ARG_TO, dnnl::memory(to_, dnnl_engine(), target)},
                   {DNNL_ARG_SCRATCHPAD, dnnl::memory(scratch_, dnnl_engine(), scratch.data())}});
    stream().wait();
  });
}

std::string implementation(const Primitive& primitive) {
  return primitive.desc.impl_info_str();
}

}  // namespace gradus::kernels
