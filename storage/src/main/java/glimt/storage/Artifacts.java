package glimt.storage;

import glimt.job.Artifact;
import glimt.job.ArtifactId;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Immutable files under one folder, each named by the SHA-256 of what is in it: {@code
 * ab/cd/abcd…}. Once {@code put} returns, the file is whole and survives a crash of the machine;
 * until then nobody sees it. Any number of processes may share the folder.
 *
 * <p>Whoever reads is sure of the bytes: they are compared with the name. An object store would fit
 * behind the same words, but for {@link #file}, which is a short cut for who sends a file on.
 */
public final class Artifacts {
  private static final int BUFFER = 1 << 16;
  private static final String DAMAGED = "is damaged: its bytes are not those of its name";

  /** Writes an artifact's bytes. */
  @FunctionalInterface
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}");

  /** Of how many files it is remembered that they were whole. */
  private static final int REMEMBERED = 4096;

  private final Path root;
  private final Path incoming;

  /** When each file that was found whole had been written. */
  private final Map<ArtifactId, FileTime> whole =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<ArtifactId, FileTime> eldest) {
          return size() > REMEMBERED;
        }
      };

  public Artifacts(Path root) {
    this.root = root.toAbsolutePath().normalize();
    this.incoming = this.root.resolve("incoming");
  }

  public Artifact put(String mediaType, byte[] bytes) {
    return put(mediaType, out -> out.write(bytes));
  }

  /** Copies a file in. */
  public Artifact put(String mediaType, Path file) {
    return put(mediaType, out -> Files.copy(file, out));
  }

  /**
   * @throws StorageException if it could not be written, say for want of room; nothing is left of
   *     it
   */
  public Artifact put(String mediaType, Content content) {
    Path written = incoming.resolve(UUID.randomUUID().toString());
    try {
      Files.createDirectories(incoming);
      try {
        Artifact artifact = write(written, mediaType, content);
        // Over a file of that name, if there is one: it has the same bytes, or was damaged.
        Path folder = Files.createDirectories(folder(artifact.id()));
        Files.move(written, path(artifact.id()), StandardCopyOption.ATOMIC_MOVE);
        // All of them, since another process may have made the folders and not come this far.
        sync(folder);
        sync(folder.resolve(".."));
        sync(root);
        return artifact;
      } finally {
        Files.deleteIfExists(written);
      }
    } catch (IOException e) {
      throw new StorageException("write an artifact of type " + mediaType, e);
    }
  }

  /** Where an artifact lies, or would lie. */
  public Path path(ArtifactId id) {
    return folder(id).resolve(id.sha256());
  }

  private Path folder(ArtifactId id) {
    String name = id.sha256();
    return root.resolve(name.substring(0, 2)).resolve(name.substring(2, 4));
  }

  /**
   * Its bytes as they are read; the end of the stream is reached only if they were the right ones.
   *
   * @throws DamagedArtifact if it is not there, and from the stream if it is damaged
   * @throws StorageException if the store cannot be read
   */
  public InputStream open(ArtifactId id) {
    InputStream bytes;
    try {
      bytes = Files.newInputStream(path(id));
    } catch (IOException e) {
      throw unreadable(id, e);
    }
    MessageDigest digest = sha256();
    return new DigestInputStream(bytes, digest) {
      private boolean compared;

      @Override
      public int read() throws IOException {
        return compareAtEnd(super.read());
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        return compareAtEnd(super.read(into, offset, length));
      }

      private int compareAtEnd(int read) {
        if (read == -1 && !compared) {
          compared = true;
          compare(id, digest);
        }
        return read;
      }
    };
  }

  /**
   * All its bytes, and no others.
   *
   * @throws DamagedArtifact if it is not there, or damaged
   * @throws StorageException if the store cannot be read
   */
  public byte[] read(ArtifactId id) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(path(id));
    } catch (IOException e) {
      throw unreadable(id, e);
    }
    MessageDigest digest = sha256();
    digest.update(bytes);
    compare(id, digest);
    return bytes;
  }

  /** Whether it is there, with the very bytes that its name stands for. */
  public boolean verify(ArtifactId id) {
    try (InputStream in = open(id)) {
      in.transferTo(OutputStream.nullOutputStream());
      return true;
    } catch (DamagedArtifact e) {
      return false;
    } catch (IOException e) {
      throw new StorageException("verify artifact " + id, e);
    }
  }

  /**
   * The file of an artifact, for who sends it on by parts. Its bytes are compared with its name the
   * first time, and again whenever it has been written since.
   *
   * @throws DamagedArtifact if it is not there, or damaged
   */
  public Path file(ArtifactId id) {
    Path file = path(id);
    try {
      FileTime written = Files.getLastModifiedTime(file);
      synchronized (whole) {
        if (written.equals(whole.get(id))) {
          return file;
        }
      }
      if (!verify(id)) {
        throw new DamagedArtifact(id, DAMAGED);
      }
      synchronized (whole) {
        whole.put(id, written);
      }
      return file;
    } catch (IOException e) {
      throw unreadable(id, e);
    }
  }

  private static void compare(ArtifactId id, MessageDigest digest) {
    if (!HexFormat.of().formatHex(digest.digest()).equals(id.sha256())) {
      throw new DamagedArtifact(id, DAMAGED);
    }
  }

  /** A store that was never written to, or is not mounted, has lost nothing. */
  private StorageException unreadable(ArtifactId id, IOException e) {
    return e instanceof NoSuchFileException && Files.isDirectory(incoming)
        ? new DamagedArtifact(id, "is missing")
        : new StorageException("read artifact " + id, e);
  }

  // ---- what is left over, for who knows which are needed

  /** How many folders there are to look into. */
  static final int FOLDERS = 256;

  /** The artifacts in one of the folders that were written longer ago than {@code age}. */
  List<ArtifactId> old(int folder, Duration age) {
    Path top = root.resolve("%02x".formatted(folder));
    if (!Files.isDirectory(top)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(top, 2)) {
      Instant before = now().minus(age);
      List<ArtifactId> old = new ArrayList<>();
      for (Path file : files.filter(file -> NAME.matcher(name(file)).matches()).toList()) {
        if (isOlder(file, before)) {
          old.add(new ArtifactId(name(file)));
        }
      }
      return old;
    } catch (IOException | UncheckedIOException e) {
      throw new StorageException("look for old artifacts", e);
    }
  }

  /**
   * Takes an artifact away, unless it has been written again of late.
   *
   * @return whether it is gone
   */
  boolean remove(ArtifactId id, Duration age) {
    Path aside = incoming.resolve(UUID.randomUUID().toString());
    try {
      Instant before = now().minus(age);
      // Moved aside first: between a look at the file and its end it might be replaced.
      Files.move(path(id), aside, StandardCopyOption.ATOMIC_MOVE);
      if (isOlder(aside, before)) {
        Files.delete(aside);
        return true;
      }
      Files.move(aside, path(id), StandardCopyOption.ATOMIC_MOVE);
      return false;
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new StorageException("remove artifact " + id, e);
    }
  }

  /** Takes away what writers that died left half written. Returns how many files. */
  int removeHalfWritten(Duration age) {
    if (!Files.isDirectory(incoming)) {
      return 0;
    }
    int removed = 0;
    try (Stream<Path> files = Files.list(incoming)) {
      Instant before = now().minus(age);
      for (Path file : files.toList()) {
        if (isOlder(file, before) && Files.deleteIfExists(file)) {
          removed++;
        }
      }
      return removed;
    } catch (IOException e) {
      throw new StorageException("remove what is half written", e);
    }
  }

  /** By the clock of the store itself, whatever this machine thinks. */
  private Instant now() throws IOException {
    Files.createDirectories(incoming);
    Path probe = Files.createTempFile(incoming, "now", "");
    try {
      return Files.getLastModifiedTime(probe).toInstant();
    } finally {
      Files.delete(probe);
    }
  }

  private static boolean isOlder(Path file, Instant before) throws IOException {
    try {
      return Files.getLastModifiedTime(file).toInstant().isBefore(before);
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static String name(Path file) {
    return file.getFileName().toString();
  }

  private static Artifact write(Path file, String mediaType, Content content) throws IOException {
    MessageDigest digest = sha256();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      OutputStream sink = new DigestOutputStream(Channels.newOutputStream(channel), digest);
      OutputStream out = new BufferedOutputStream(new StaysOpen(sink), BUFFER);
      content.writeTo(out);
      out.flush();
      channel.force(true);
      ArtifactId id = new ArtifactId(HexFormat.of().formatHex(digest.digest()));
      return new Artifact(id, mediaType, channel.size());
    }
  }

  private static void sync(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder)) {
      channel.force(true);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Content may close what it writes to, as many writers do; the file is synced after that. */
  private static final class StaysOpen extends FilterOutputStream {
    StaysOpen(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
