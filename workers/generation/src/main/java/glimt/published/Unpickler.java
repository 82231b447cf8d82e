package glimt.published;

import glimt.bundle.BundleException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Reads Python's pickles (protocols 2 to 5) as data. A pickle is a program for a stack machine that
 * may call any function of Python; this one knows the few that are given to it, and refuses all
 * others by name.
 *
 * <p>A dictionary becomes a {@code LinkedHashMap}, a list an {@code ArrayList}, a tuple another
 * {@code List}, None null, a whole number a {@code Long}, or a {@code BigInteger} where that is too
 * narrow. Containers may hold themselves.
 */
final class Unpickler {

  /** A function that a pickle may call. */
  @FunctionalInterface
  interface Callable {
    /**
     * @throws IllegalArgumentException if the arguments are none that it takes
     */
    @Nullable Object call(List<@Nullable Object> arguments);
  }

  /** What a pickle names: a function or a class. */
  record Global(String name) {}

  /** A value that is passed over, whatever it holds. */
  record Opaque(String global) {}

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble BIG_ENDIAN_DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final int LONGEST_NAME = 500;
  private static final long LONGEST_TEXT = 1 << 24;

  /** Where a container begins on the stack. */
  private enum Mark {
    HERE
  }

  private final String file;
  private final MemorySegment bytes;
  private final Map<String, Callable> callables;
  private final Callable persistent;
  private final Map<Integer, @Nullable Object> memo = new HashMap<>();
  private List<@Nullable Object> stack = new ArrayList<>();
  private long at;

  /**
   * @param file named in errors
   * @param callables by their full names, such as {@code collections.OrderedDict}
   * @param persistent finds what a pickle refers to outside of itself
   */
  Unpickler(
      String file, MemorySegment bytes, Map<String, Callable> callables, Callable persistent) {
    this.file = file;
    this.bytes = bytes;
    this.callables = Map.copyOf(callables);
    this.persistent = persistent;
  }

  /** The byte after the last pickle that was read. */
  long position() {
    return at;
  }

  /**
   * Reads one pickle, beginning where the last one ended.
   *
   * @throws BundleException if it is damaged or asks for more than it may
   */
  @Nullable Object read() {
    memo.clear();
    stack = new ArrayList<>();
    try {
      while (true) {
        int opcode = unsignedByte();
        if (opcode == '.') {
          return pop();
        }
        run(opcode);
      }
    } catch (IndexOutOfBoundsException _) {
      throw damaged("it is cut short");
    } catch (NoSuchElementException _) {
      throw damaged("before byte %s: a value is missing".formatted(at));
    } catch (IllegalArgumentException wrong) {
      throw damaged("before byte %s: %s".formatted(at, wrong.getMessage()));
    }
  }

  private void run(int opcode) {
    switch (opcode) {
      case 0x80 -> skip(1); // PROTO
      case 0x95 -> skip(8); // FRAME
      case '(' -> stack.add(Mark.HERE);
      case '0' -> pop();
      case '1' -> marked(); // POP_MARK
      case '2' -> stack.add(stack.getLast()); // DUP
      case 'N' -> stack.add(null);
      case 0x88 -> stack.add(true);
      case 0x89 -> stack.add(false);
      case 'K' -> stack.add((long) unsignedByte());
      case 'M' -> stack.add(unsignedByte() + 256L * unsignedByte());
      case 'J' -> stack.add((long) int32());
      case 0x8a -> stack.add(whole(unsignedByte())); // LONG1
      case 'G' -> stack.add(slice(8).get(BIG_ENDIAN_DOUBLE, 0));
      case 'X' -> stack.add(text(Integer.toUnsignedLong(int32()), StandardCharsets.UTF_8));
      case 0x8c -> stack.add(text(unsignedByte(), StandardCharsets.UTF_8));
      case 0x8d -> stack.add(text(slice(8).get(LONG, 0), StandardCharsets.UTF_8));
      case 'S' -> stack.add(line()); // what protocol 0 quotes
      // Texts of Python 2.
      case 'U' -> stack.add(text(unsignedByte(), StandardCharsets.ISO_8859_1));
      case 'T' -> stack.add(text(Integer.toUnsignedLong(int32()), StandardCharsets.ISO_8859_1));
      case 'C' -> stack.add(slice(unsignedByte()));
      case 'B' -> stack.add(slice(Integer.toUnsignedLong(int32())));
      case 0x8e -> stack.add(slice(slice(8).get(LONG, 0)));
      case ')' -> stack.add(List.of());
      case 't' -> stack.add(Collections.unmodifiableList(marked()));
      case 0x85 -> tuple(1);
      case 0x86 -> tuple(2);
      case 0x87 -> tuple(3);
      case ']' -> stack.add(new ArrayList<>());
      case 'l' -> stack.add(marked());
      case 'a' -> append(List.of(), pop());
      case 'e' -> append(marked());
      case '}' -> stack.add(new LinkedHashMap<>());
      case 'd' -> {
        List<@Nullable Object> pairs = marked();
        stack.add(new LinkedHashMap<>());
        put(pairs);
      }
      case 's' -> {
        Object value = pop();
        Object key = pop();
        List<@Nullable Object> pair = new ArrayList<>();
        pair.add(key);
        pair.add(value);
        put(pair);
      }
      case 'u' -> put(marked());
      case 'q' -> memo.put(unsignedByte(), stack.getLast());
      case 'r' -> memo.put(int32(), stack.getLast());
      case 0x94 -> memo.put(memo.size(), stack.getLast());
      case 'h' -> stack.add(remembered(unsignedByte()));
      case 'j' -> stack.add(remembered(int32()));
      case 'c' -> {
        String module = line();
        stack.add(global(module + "." + line()));
      }
      case 0x93 -> { // STACK_GLOBAL
        Object name = pop();
        Object module = pop();
        stack.add(global(module + "." + name));
      }
      case 'i' -> throw refused(line() + "." + line());
      case 'R', 0x81 -> call(); // REDUCE and NEWOBJ differ for Python alone
      case 'b' -> build();
      case 'Q' -> { // BINPERSID
        List<@Nullable Object> id = tuple(pop());
        stack.add(persistent.call(id));
      }
      default ->
          throw damaged(
              "before byte %s: opcode 0x%s is not understood"
                  .formatted(at, Integer.toHexString(opcode)));
    }
  }

  private void call() {
    List<@Nullable Object> arguments = tuple(pop());
    if (!(pop() instanceof Global(String name))) {
      throw damaged("before byte %s: it calls what is no function".formatted(at));
    }
    Callable callable = callables.get(name);
    if (callable == null) {
      throw refused(name);
    }
    try {
      stack.add(callable.call(arguments));
    } catch (IllegalArgumentException | ClassCastException | IndexOutOfBoundsException wrong) {
      throw new BundleException(
          "%s calls %s with arguments that it does not take: %s"
              .formatted(file, name, wrong.getMessage()),
          wrong);
    }
  }

  /** State that Python would set on an object, such as the versions of a state dict's modules. */
  private void build() {
    pop();
    Object changed = stack.getLast();
    if (!(changed instanceof Map<?, ?> || changed instanceof Opaque)) {
      throw damaged("before byte %s: it changes what is no dictionary".formatted(at));
    }
  }

  private Global global(String name) {
    if (!callables.containsKey(name)) {
      throw refused(name);
    }
    return new Global(name);
  }

  private BundleException refused(String name) {
    return new BundleException(
        "%s asks Python to run %s; glimt takes tensors and plain values from a pickle, and runs nothing"
            .formatted(file, name));
  }

  private void append(List<@Nullable Object> items, @Nullable Object... more) {
    if (!(stack.getLast() instanceof ArrayList<?>)) {
      throw damaged("before byte %s: it appends to what is no list".formatted(at));
    }
    @SuppressWarnings("unchecked") // only this class makes them
    List<@Nullable Object> list = (List<@Nullable Object>) stack.getLast();
    list.addAll(items);
    Collections.addAll(list, more);
  }

  private void put(List<@Nullable Object> pairs) {
    if (!(stack.getLast() instanceof LinkedHashMap<?, ?>)) {
      throw damaged("before byte %s: it puts into what is no dictionary".formatted(at));
    }
    @SuppressWarnings("unchecked") // only this class makes them
    Map<Object, @Nullable Object> map = (Map<Object, @Nullable Object>) stack.getLast();
    for (int i = 0; i < pairs.size(); i += 2) {
      Object key = pairs.get(i);
      // A tuple as key could hold itself a billion times, and be hashed as often.
      if (!(key instanceof String
          || key instanceof Number
          || key instanceof Boolean
          || key instanceof Global)) {
        throw damaged("before byte %s: a key is neither text nor number".formatted(at));
      }
      map.put(key, pairs.get(i + 1));
    }
  }

  private @Nullable Object remembered(int place) {
    if (!memo.containsKey(place)) {
      throw damaged("before byte %s: it recalls what it has not put away".formatted(at));
    }
    return memo.get(place);
  }

  private void tuple(int length) {
    List<@Nullable Object> items = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      items.addFirst(pop());
    }
    stack.add(Collections.unmodifiableList(items));
  }

  private List<@Nullable Object> tuple(@Nullable Object value) {
    if (!(value instanceof List<?>) || value instanceof ArrayList<?>) {
      throw damaged("before byte %s: arguments are no tuple".formatted(at));
    }
    @SuppressWarnings("unchecked") // only this class makes them
    List<@Nullable Object> items = (List<@Nullable Object>) value;
    return items;
  }

  private @Nullable Object pop() {
    Object top = stack.removeLast();
    if (top instanceof Mark) {
      throw damaged("before byte %s: a value is missing".formatted(at));
    }
    return top;
  }

  /** What lies above the last mark, which goes with it. */
  private List<@Nullable Object> marked() {
    int mark = stack.lastIndexOf(Mark.HERE);
    List<@Nullable Object> above = stack.subList(mark + 1, stack.size());
    List<@Nullable Object> items = new ArrayList<>(above);
    above.clear();
    stack.removeLast();
    return items;
  }

  private void skip(long count) {
    slice(count);
  }

  private int unsignedByte() {
    return Byte.toUnsignedInt(slice(1).get(ValueLayout.JAVA_BYTE, 0));
  }

  private int int32() {
    return slice(4).get(INT, 0);
  }

  private Number whole(int length) {
    byte[] little = slice(length).toArray(ValueLayout.JAVA_BYTE);
    byte[] big = new byte[length + 1]; // a number without digits is 0
    for (int i = 0; i < length; i++) {
      big[length - i] = little[i];
    }
    big[0] = (byte) (length > 0 && little[length - 1] < 0 ? -1 : 0);
    BigInteger value = new BigInteger(big);
    return value.bitLength() < Long.SIZE ? (Number) value.longValue() : value;
  }

  private String text(long length, Charset charset) {
    if (length > LONGEST_TEXT) {
      throw damaged("before byte %s: a text of %s bytes".formatted(at, length));
    }
    return new String(slice(length).toArray(ValueLayout.JAVA_BYTE), charset);
  }

  /** A name up to the end of its line. */
  private String line() {
    StringBuilder name = new StringBuilder();
    for (int c = unsignedByte(); c != '\n'; c = unsignedByte()) {
      if (name.length() == LONGEST_NAME) {
        throw damaged("before byte %s: a name never ends".formatted(at));
      }
      name.append((char) c);
    }
    return name.toString();
  }

  private MemorySegment slice(long length) {
    MemorySegment slice = bytes.asSlice(at, length);
    at += length;
    return slice;
  }

  private BundleException damaged(String why) {
    return new BundleException("%s holds a damaged pickle: %s".formatted(file, why));
  }
}
