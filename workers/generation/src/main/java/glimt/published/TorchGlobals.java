package glimt.published;

import glimt.published.TorchStorage.StorageType;
import glimt.published.TorchStorage.View;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a pickle of PyTorch's may call, by name: what tensors are built with, and the plain values
 * that trainers keep beside them, such as numpy's numbers and the names of Lightning's callbacks.
 * Nothing of it is Python's; each name stands for a few lines of Java that build data.
 */
final class TorchGlobals {
  /** What trainers keep under the classes of their callbacks, which are names and nothing else. */
  private static final List<String> CALLBACKS =
      List.of(
          "model_checkpoint.ModelCheckpoint",
          "early_stopping.EarlyStopping",
          "lr_monitor.LearningRateMonitor",
          "timer.Timer",
          "stochastic_weight_avg.StochasticWeightAveraging");

  static final Map<String, Unpickler.Callable> ALL = callables();

  private TorchGlobals() {}

  private static Map<String, Unpickler.Callable> callables() {
    Map<String, Unpickler.Callable> known = new HashMap<>();
    known.put("collections.OrderedDict", TorchGlobals::dictionary);
    known.put("torch._utils._rebuild_tensor", TorchGlobals::view);
    known.put("torch._utils._rebuild_tensor_v2", TorchGlobals::view);
    known.put("torch._utils._rebuild_parameter", arguments -> parameter(arguments, 3));
    known.put("torch._utils._rebuild_parameter_with_state", arguments -> parameter(arguments, 4));
    known.put("torch.Size", arguments -> whole(arguments.getFirst()));
    for (StorageType format : StorageType.values()) {
      known.put(
          format.global,
          _ -> {
            throw new IllegalArgumentException("a storage is not made by a pickle");
          });
    }
    beside(known);
    return known;
  }

  /** What is found beside the weights, and is read only to be passed over. */
  private static void beside(Map<String, Unpickler.Callable> known) {
    for (String numpy : List.of("numpy.core.multiarray", "numpy._core.multiarray")) {
      known.put(numpy + ".scalar", _ -> new Unpickler.Opaque(numpy + ".scalar"));
      known.put(numpy + "._reconstruct", _ -> new Unpickler.Opaque(numpy + "._reconstruct"));
    }
    known.put("numpy.dtype", _ -> new Unpickler.Opaque("numpy.dtype"));
    known.put("torch.device", _ -> new Unpickler.Opaque("torch.device"));
    known.put("_codecs.encode", TorchGlobals::encoded);
    for (String builtins : List.of("__builtin__", "builtins")) {
      known.put(builtins + ".set", TorchGlobals::items);
      known.put(builtins + ".frozenset", TorchGlobals::items);
      known.put(builtins + ".dict", TorchGlobals::dictionary);
    }
    known.put("collections.defaultdict", _ -> new LinkedHashMap<>());
    known.put("collections.Counter", _ -> new LinkedHashMap<>());
    known.put("argparse.Namespace", _ -> new LinkedHashMap<>());
    List<String> names = new ArrayList<>(List.of("numpy.ndarray"));
    for (String type : List.of("float64", "float32", "float16", "bfloat16", "int64")) {
      names.add("torch." + type);
    }
    for (String lightning : List.of("pytorch_lightning", "lightning.pytorch")) {
      known.put(lightning + ".utilities.parsing.AttributeDict", TorchGlobals::dictionary);
      CALLBACKS.forEach(callback -> names.add(lightning + ".callbacks." + callback));
    }
    for (String name : names) {
      known.put(
          name,
          _ -> {
            throw new IllegalArgumentException("it is read as a name, and never called");
          });
    }
  }

  /** Bytes, which Python 3 writes as a text for Python 2. */
  private static Object encoded(List<@Nullable Object> arguments) {
    if (arguments.size() == 2
        && arguments.get(0) instanceof String text
        && List.of("latin1", "latin-1").contains(String.valueOf(arguments.get(1)))) {
      return MemorySegment.ofArray(text.getBytes(StandardCharsets.ISO_8859_1));
    }
    throw new IllegalArgumentException("they are no text in latin1");
  }

  private static Object items(List<@Nullable Object> arguments) {
    if (arguments.size() == 1 && arguments.getFirst() instanceof List<?> list) {
      return new ArrayList<@Nullable Object>(list);
    }
    throw new IllegalArgumentException("they are no list");
  }

  private static Object dictionary(List<@Nullable Object> arguments) {
    Map<Object, @Nullable Object> filled = new LinkedHashMap<>();
    if (arguments.isEmpty()) {
      return filled;
    }
    // Python 2 gave the pairs as an argument.
    if (arguments.size() == 1 && arguments.getFirst() instanceof List<?> pairs) {
      for (Object pair : pairs) {
        if (!(pair instanceof List<?> two && two.size() == 2 && two.get(0) instanceof String key)) {
          throw new IllegalArgumentException("an item is no pair of a name and a value");
        }
        filled.put(key, two.get(1));
      }
      return filled;
    }
    throw new IllegalArgumentException("they are no list of pairs");
  }

  /** {@code (storage, offset, shape, strides)}, and what matters for training alone. */
  private static Object view(List<@Nullable Object> arguments) {
    if (arguments.size() >= 4
        && arguments.size() <= 7
        && arguments.get(0) instanceof TorchStorage storage
        && arguments.get(1) instanceof Long offset) {
      return new View(storage, offset, whole(arguments.get(2)), whole(arguments.get(3)));
    }
    throw new IllegalArgumentException("they are no storage, offset, shape and strides");
  }

  private static Object parameter(List<@Nullable Object> arguments, int count) {
    if (arguments.size() == count && arguments.getFirst() instanceof View view) {
      return view;
    }
    throw new IllegalArgumentException("the first is no tensor");
  }

  private static List<Long> whole(@Nullable Object value) {
    if (!(value instanceof List<?> list)) {
      throw new IllegalArgumentException("a shape is no tuple");
    }
    return list.stream()
        .map(
            item -> {
              if (item instanceof Long number) {
                return number;
              }
              throw new IllegalArgumentException("a shape holds what is no whole number");
            })
        .toList();
  }

  /** {@code ("storage", class, key, device, count)}, and in old files a view, which is None. */
  static TorchStorage storage(List<@Nullable Object> parts) {
    if (parts.size() >= 5
        && parts.size() <= 6
        && "storage".equals(parts.get(0))
        && parts.get(1) instanceof Unpickler.Global(String name)
        && parts.get(2) instanceof String key
        && parts.get(4) instanceof Long count
        && (parts.size() == 5 || parts.get(5) == null)) {
      for (StorageType format : StorageType.values()) {
        if (format.global.equals(name) && count >= 0) {
          return new TorchStorage(format, key, count);
        }
      }
    }
    throw new IllegalArgumentException("it refers to what is no storage");
  }
}
