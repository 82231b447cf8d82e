package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
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

  /** What pickles of the first two protocols may begin with: a name, or a tuple or list. */
  private static final String OLD_PROTOCOLS = "c(i";

  private static final String PICKLE = "data.pkl";
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Where checkpoints of training keep the weights, beside steps and optimizers. */
  private static final List<String> WRAPPERS =
      List.of("state_dict", "model_state_dict", "model", "module", "params");

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
      int first = Byte.toUnsignedInt(whole.get(ValueLayout.JAVA_BYTE, 0));
      if (first == PROTOCOL || OLD_PROTOCOLS.indexOf(first) >= 0) {
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
            TorchGlobals.ALL,
            arguments -> {
              TorchStorage storage = TorchGlobals.storage(arguments);
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
    return new Unpickler(file, bytes, TorchGlobals.ALL, TorchGlobals::storage);
  }

  private BundleException bad(String why) {
    return new BundleException("%s holds no weights that can be read: %s".formatted(file, why));
  }
}
