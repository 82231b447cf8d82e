package glimt.bundle;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Writes the few opcodes of Python's pickle (protocol 2) that a TorchScript archive needs. A bundle
 * is never read from one: Python would run the code in it.
 */
final class Pickle {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  Pickle() {
    raw(0x80, 2);
  }

  /** The finished pickle. */
  byte[] end() {
    raw('.');
    return out.toByteArray();
  }

  Pickle global(String module, String name) {
    out.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    return this;
  }

  Pickle string(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    raw('X');
    int32(bytes.length);
    out.writeBytes(bytes);
    return this;
  }

  Pickle number(long value) {
    raw('J');
    int32(Math.toIntExact(value));
    return this;
  }

  Pickle bool(boolean value) {
    raw(value ? 0x88 : 0x89);
    return this;
  }

  Pickle emptyTuple() {
    raw(')');
    return this;
  }

  /** Begins a tuple; {@link #tuple} ends it. */
  Pickle mark() {
    raw('(');
    return this;
  }

  Pickle tuple() {
    raw('t');
    return this;
  }

  /** Replaces the pair (callable, arguments) on the stack by the result of the call. */
  Pickle call() {
    raw('R');
    return this;
  }

  /** Replaces a persistent id on the stack by the storage that it identifies. */
  Pickle persistent() {
    raw('Q');
    return this;
  }

  /**
   * Begins an object of the class on the stack; write name-value pairs next, then {@link
   * #endObject}.
   */
  Pickle object() {
    raw(')', 0x81, '}', '(');
    return this;
  }

  Pickle endObject() {
    raw('u', 'b');
    return this;
  }

  private void int32(int value) {
    out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  private void raw(int... opcodes) {
    for (int opcode : opcodes) {
      out.write(opcode);
    }
  }
}
