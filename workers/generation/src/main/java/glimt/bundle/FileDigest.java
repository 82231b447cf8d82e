package glimt.bundle;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Computes the SHA-256 of files of any size, and caches each digest until the size, time stamp or
 * inode of its file changes.
 */
final class FileDigest {
  private static final Map<Stamp, String> KNOWN = new ConcurrentHashMap<>();

  /**
   * A file may change twice within one tick of the file system's clock, so the digest of a file
   * that was just modified is not cached.
   */
  private static final Duration TICK = Duration.ofSeconds(1);

  private static final int PART = 1 << 18;

  private FileDigest() {}

  /**
   * The attributes that show whether a file has changed.
   *
   * @param key the identity of the file, such as device and inode, if the file system provides one
   */
  record Stamp(Path file, long size, FileTime modified, @Nullable Object key) {
    static Stamp of(Path file) {
      try {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
        return new Stamp(
            file.toAbsolutePath(), found.size(), found.lastModifiedTime(), found.fileKey());
      } catch (NoSuchFileException missing) {
        throw new BundleException(file + " is missing", missing);
      } catch (IOException broken) {
        throw new BundleException("cannot read " + file + ": " + broken, broken);
      }
    }

    private boolean settled() {
      return modified.toInstant().isBefore(Instant.now().minus(TICK));
    }
  }

  /**
   * The digest of a file in lower-case hexadecimal.
   *
   * @throws BundleException if the file cannot be read, or changes while it is being read
   */
  static String of(Path file) {
    Stamp stamp = Stamp.of(file);
    String known = KNOWN.get(stamp);
    if (known != null) {
      return known;
    }
    boolean settled = stamp.settled();
    String digest = read(file);
    if (!Stamp.of(file).equals(stamp)) {
      throw new BundleException(file + " changed while it was being read; open the bundle again");
    }
    if (settled) {
      KNOWN.keySet().removeIf(older -> older.file.equals(stamp.file));
      KNOWN.put(stamp, digest);
    }
    return digest;
  }

  private static String read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      byte[] part = new byte[PART];
      for (int read = in.read(part); read >= 0; read = in.read(part)) {
        sha256.update(part, 0, read);
      }
      return HexFormat.of().formatHex(sha256.digest());
    } catch (NoSuchFileException missing) {
      throw new BundleException(file + " is missing", missing);
    } catch (IOException broken) {
      throw new BundleException("cannot read " + file + ": " + broken, broken);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }
}
