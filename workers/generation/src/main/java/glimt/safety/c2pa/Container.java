package glimt.safety.c2pa;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** How a file format carries a manifest store. */
interface Container {
  /** The largest store that is read, in bytes. */
  int STORE_LIMIT = 4 << 20;

  /** How many parts of a file are looked at before a reader gives up. */
  int PARTS_LIMIT = 100_000;

  /**
   * A store in a file.
   *
   * @param from the position of the first byte of the part of the file that carries it
   * @param to the position after the last byte of that part
   */
  record Held(byte[] store, long from, long to) {}

  /** Returns the container of a file; null if its format carries no manifest. */
  static @Nullable Container of(ByteSource file) {
    return Stream.of(
            new PngContainer(),
            new JpegContainer(),
            new GifContainer(),
            new WebpContainer(),
            new Mp4Container())
        .filter(one -> one.recognises(file))
        .findFirst()
        .orElse(null);
  }

  /** Returns whether a file begins as this format does. */
  boolean recognises(ByteSource file);

  /**
   * Finds the store in a file.
   *
   * @throws UnreadableManifest if the file is damaged, or has more than one store
   */
  Optional<Held> find(ByteSource file);

  /** Returns a copy of a file with the store in it, and where. */
  Inserted insert(byte[] file, byte[] store);

  /**
   * A file that carries a store.
   *
   * @param from as in {@link Held}
   * @param to as in {@link Held}
   */
  record Inserted(byte[] file, int from, int to) {
    /** Puts a part into a file. */
    static Inserted at(int at, byte[] file, byte[] part) {
      byte[] whole =
          ByteBuffer.allocate(file.length + part.length)
              .put(file, 0, at)
              .put(part)
              .put(file, at, file.length - at)
              .array();
      return new Inserted(whole, at, at + part.length);
    }
  }

  /** Returns how the manifest of this format binds the rest of the file. */
  default Binding binding(Inserted draft) {
    return DataHash.of(ByteSource.of(draft.file()), draft.from(), draft.to());
  }

  /** Checks the length of a store before it is read. */
  static int limited(long length) {
    if (length < 0 || length > STORE_LIMIT) {
      throw new UnreadableManifest(
          "the manifest claims %s bytes, of %s allowed".formatted(length, STORE_LIMIT));
    }
    return (int) length;
  }

  /** Refuses a second store: it would be unclear which of the two counts. */
  static Held only(@Nullable Held before, Held now) {
    if (before != null) {
      throw new UnreadableManifest("the file has more than one manifest store");
    }
    return now;
  }

  /** Counts the parts of a file. */
  static int counted(int parts) {
    if (parts >= PARTS_LIMIT) {
      throw new UnreadableManifest("the file has more than %s parts".formatted(PARTS_LIMIT));
    }
    return parts + 1;
  }
}
