package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.published.TorchStorage.StorageType;
import glimt.published.TorchStorage.View;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Weights as {@code torch.save} writes them ({@code .bin}, {@code .pt}, {@code .pth}, {@code
 * .ckpt}): a zip file with a pickle and the raw values, or, before PyTorch 1.6, both in a row.
 *
 * <p>For Python such a file is a program. Here it is data: the pickle may build dictionaries,
 * lists, numbers and tensors, and whatever else it asks for is refused by name.
 */
public final class TorchPickle {
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final long LEGACY = 1001;
  private static final int PROTOCOL = 0x80;
  private static final String PICKLE = "data.pkl";
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Where checkpoints of training keep the weights, beside steps and optimizers. */
  private static final List<String> WRAPPERS =
      List.of("state_dict", "model_state_dict", "model", "module", "params");

  private static final Map<String, Unpickler.Callable> CALLABLES = callables();

  private final String file;

  private TorchPickle(String file) {
    this.file = file;
  }

  /**
   * Maps the tensors of a file, by their names. Values stay in the file where they lie row by row;
   * others are copied. 64-bit floats become 32-bit ones; whole numbers and flags become 64-bit
   * ones.
   *
   * @throws BundleException if the file is damaged, holds no tensors, or asks to run anything
   */
  public static Safetensors map(Path file) {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      return new TorchPickle(file.toString())
          .read(in.map(FileChannel.MapMode.READ_ONLY, 0, in.size(), Arena.ofAuto()));
    } catch (NoSuchFileException missing) {
      throw new BundleException(file + " is missing", missing);
    } catch (IOException broken) {
      throw new BundleException("cannot map " + file + ": " + broken, broken);
    }
  }

  private Safetensors read(MemorySegment whole) {
    if (whole.byteSize() >= 2) {
      if (whole.get(ValueLayout.JAVA_BYTE, 0) == 'P'
          && whole.get(ValueLayout.JAVA_BYTE, 1) == 'K') {
        return zipped(new ZipDirectory(file, whole));
      }
      if (Byte.toUnsignedInt(whole.get(ValueLayout.JAVA_BYTE, 0)) == PROTOCOL) {
        return legacy(whole);
      }
    }
    throw new BundleException(file + " is no file of PyTorch's: neither a zip file nor a pickle");
  }

  private Safetensors zipped(ZipDirectory zip) {
    String pickle =
        zip.names().stream()
            .filter(name -> name.equals(PICKLE) || name.endsWith("/" + PICKLE))
            .findFirst()
            .orElseThrow(() -> bad("it has no " + PICKLE));
    String folder = pickle.substring(0, pickle.length() - PICKLE.length());
    if (zip.names().contains(folder + "byteorder")) {
      byte[] order = zip.bytes(folder + "byteorder").toArray(ValueLayout.JAVA_BYTE);
      if (!new String(order, StandardCharsets.US_ASCII).equals("little")) {
        throw bad("its numbers are not little-endian");
      }
    }
    Object root = unpickler(zip.bytes(pickle)).read();
    Map<String, MemorySegment> opened = new HashMap<>();
    return tensors(
        root,
        storage -> opened.computeIfAbsent(storage.key(), key -> zip.bytes(folder + "data/" + key)));
  }

  /** Four pickles, the last of which is the tree, then the keys, then each storage and its size. */
  private Safetensors legacy(MemorySegment whole) {
    Unpickler unpickler = unpickler(whole);
    if (!MAGIC.equals(unpickler.read()) || !Long.valueOf(LEGACY).equals(unpickler.read())) {
      throw bad("its pickle does not begin as PyTorch's do");
    }
    if (unpickler.read() instanceof Map<?, ?> system
        && Boolean.FALSE.equals(system.get("little_endian"))) {
      throw bad("its numbers are not little-endian");
    }
    Map<String, TorchStorage> named = new HashMap<>();
    Unpickler tree =
        new Unpickler(
            file,
            whole.asSlice(unpickler.position()),
            CALLABLES,
            arguments -> {
              TorchStorage storage = storage(arguments);
              named.put(storage.key(), storage);
              return storage;
            });
    Object root = tree.read();
    if (!(tree.read() instanceof List<?> keys)) {
      throw bad("it has no list of storages");
    }
    long at = unpickler.position() + tree.position();
    Map<String, MemorySegment> places = new HashMap<>();
    try {
      for (Object key : keys) {
        TorchStorage storage = key instanceof String text ? named.get(text) : null;
        if (storage == null || whole.get(LONG, at) != storage.count()) {
          throw bad("its tensors and its storages disagree");
        }
        long size = Math.multiplyExact(storage.count(), storage.format().bytes);
        places.put(storage.key(), whole.asSlice(at + 8, size));
        at += 8 + size;
      }
    } catch (IndexOutOfBoundsException | ArithmeticException _) {
      throw bad("it is cut short");
    }
    return tensors(
        root,
        storage -> {
          MemorySegment bytes = places.get(storage.key());
          if (bytes == null) {
            throw bad("it has no storage " + storage.key());
          }
          return bytes;
        });
  }

  private interface Storages {
    MemorySegment of(TorchStorage storage);
  }

  /** The tensors of the dictionary that holds some, which may be inside others. */
  private Safetensors tensors(@Nullable Object root, Storages storages) {
    Object inner = root;
    for (int depth = 0; inner instanceof Map<?, ?> outer && depth < WRAPPERS.size(); depth++) {
      if (outer.values().stream().anyMatch(View.class::isInstance)) {
        break;
      }
      inner =
          WRAPPERS.stream().map(outer::get).filter(Map.class::isInstance).findFirst().orElse(null);
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    if (inner instanceof Map<?, ?> state) {
      state.forEach(
          (name, value) -> {
            if (value instanceof View view) {
              tensors.put(String.valueOf(name), tensor(String.valueOf(name), view, storages));
            }
          });
    }
    if (tensors.isEmpty()) {
      throw bad(
          root instanceof Map<?, ?> map
              ? "it holds no tensors by name, but " + map.keySet()
              : "it holds no dictionary of tensors");
    }
    return new Safetensors(tensors);
  }

  private Tensor tensor(String name, View view, Storages storages) {
    TorchStorage storage = view.storage();
    MemorySegment bytes = storages.of(storage);
    // Not a product, which could overflow.
    if (bytes.byteSize() / storage.format().bytes != storage.count()) {
      throw bad(
          "tensor %s wants a storage of %s values, where there are %s bytes"
              .formatted(name, storage.count(), bytes.byteSize()));
    }
    return view.of(bytes);
  }

  private Unpickler unpickler(MemorySegment bytes) {
    return new Unpickler(file, bytes, CALLABLES, TorchPickle::storage);
  }

  private BundleException bad(String why) {
    return new BundleException("%s holds no weights that can be read: %s".formatted(file, why));
  }

  // ---- what a pickle may call

  private static Map<String, Unpickler.Callable> callables() {
    Map<String, Unpickler.Callable> known = new HashMap<>();
    known.put("collections.OrderedDict", TorchPickle::dictionary);
    known.put("torch._utils._rebuild_tensor", TorchPickle::view);
    known.put("torch._utils._rebuild_tensor_v2", TorchPickle::view);
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
    return known;
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
  private static TorchStorage storage(List<@Nullable Object> parts) {
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
