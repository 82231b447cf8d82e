package glimt.media;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks the FFmpeg programs and their libraries from their jar into a folder whose name contains
 * a fingerprint of their content.
 *
 * <p>The folder is created by a single rename after every file's checksum has been verified. A
 * folder with a missing or truncated file is replaced. A lock file makes this safe for any number
 * of processes and threads.
 */
final class FfmpegFolder {

  private static final List<String> PROGRAMS = List.of("ffmpeg", "ffprobe");

  private static final List<String> LIBRARIES =
      List.of(
          "libavcodec.so.62",
          "libavdevice.so.62",
          "libavfilter.so.11",
          "libavformat.so.62",
          "libavutil.so.60",
          "libswresample.so.6",
          "libswscale.so.9",
          "libdrm.so.2",
          "libva.so.2",
          "libva-drm.so.2");

  /**
   * Libraries for screens, sound and hot-plugged devices that FFmpeg links to but glimt never uses.
   * A minimal machine lacks them, and the dynamic loader would then refuse to start the program.
   * The smallest library of the jar is therefore copied under their names, which suffices because
   * their functions are resolved lazily.
   */
  private static final List<String> STOOD_IN =
      List.of("libasound.so.2", "libpulse.so.0", "libudev.so.1", "libxcb.so.1", "libxcb-shm.so.0");

  private static final String STAND_IN = "libva-drm.so.2";

  /** The warning that the loader prints for each stand-in. */
  static final String LOADERS_REMARK = "no version information available";

  /** Excludes other threads, because a file lock belongs to the whole JVM. */
  private static final ReentrantLock ONE_THREAD = new ReentrantLock();

  private FfmpegFolder() {}

  static Path in(Path cache) {
    try (var jar = new ZipFile(jar().toFile())) {
      Path folder = cache.toAbsolutePath().resolve("ffmpeg-" + fingerprint(jar));
      if (!whole(folder, jar)) {
        Files.createDirectories(cache);
        ONE_THREAD.lock();
        try (var channel =
                FileChannel.open(
                    cache.resolve("ffmpeg.lock"),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
            FileLock _ = channel.lock()) {
          if (!whole(folder, jar)) {
            unpack(jar, folder);
          }
        } finally {
          ONE_THREAD.unlock();
        }
      }
      return folder;
    } catch (IOException e) {
      throw new MediaException("cannot unpack ffmpeg into " + cache, e);
    }
  }

  private static Path jar() throws IOException {
    URL url = FfmpegFolder.class.getClassLoader().getResource(inJar("ffmpeg"));
    if (url == null || !(url.openConnection() instanceof JarURLConnection connection)) {
      throw new MediaException(
          "no jar on the class path contains ffmpeg for "
              + platform()
              + "; glimt supports Linux on x86-64 only");
    }
    try {
      return Path.of(connection.getJarFileURL().toURI());
    } catch (URISyntaxException e) {
      throw new MediaException("cannot read ffmpeg from " + url, e);
    }
  }

  private static void unpack(ZipFile jar, Path folder) throws IOException {
    // While this thread holds the lock, a partial folder can only be left over from a killed
    // process.
    Path part = folder.resolveSibling(folder.getFileName() + ".part");
    delete(part);
    delete(folder);
    Files.createDirectories(part);
    for (String name : PROGRAMS) {
      copy(jar, name, part.resolve(name));
      Files.setPosixFilePermissions(
          part.resolve(name), PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    for (String name : LIBRARIES) {
      copy(jar, name, part.resolve(name));
    }
    for (String name : STOOD_IN) {
      copy(jar, STAND_IN, part.resolve(name));
    }
    Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void copy(ZipFile jar, String name, Path to) throws IOException {
    ZipEntry entry = entry(jar, name);
    var crc = new CRC32();
    try (InputStream in = new CheckedInputStream(jar.getInputStream(entry), crc);
        var channel =
            FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        OutputStream out = Channels.newOutputStream(channel)) {
      in.transferTo(out);
      channel.force(true);
    }
    if (crc.getValue() != entry.getCrc()) {
      throw new MediaException(
          name
              + " in "
              + jar.getName()
              + " is damaged: its checksum is wrong; download the jar again");
    }
  }

  private static boolean whole(Path folder, ZipFile jar) {
    for (String name : PROGRAMS) {
      if (!sameSize(folder.resolve(name), entry(jar, name))
          || !Files.isExecutable(folder.resolve(name))) {
        return false;
      }
    }
    for (String name : LIBRARIES) {
      if (!sameSize(folder.resolve(name), entry(jar, name))) {
        return false;
      }
    }
    for (String name : STOOD_IN) {
      if (!sameSize(folder.resolve(name), entry(jar, STAND_IN))) {
        return false;
      }
    }
    return true;
  }

  private static boolean sameSize(Path file, ZipEntry entry) {
    try {
      return Files.size(file) == entry.getSize();
    } catch (IOException _) {
      return false; // the file does not exist
    }
  }

  private static String fingerprint(ZipFile jar) {
    long mixed = 0;
    for (String name : PROGRAMS) {
      mixed = 31 * mixed + entry(jar, name).getCrc();
    }
    for (String name : LIBRARIES) {
      mixed = 31 * mixed + entry(jar, name).getCrc();
    }
    return HexFormat.of().toHexDigits(mixed);
  }

  private static ZipEntry entry(ZipFile jar, String name) {
    ZipEntry entry = jar.getEntry(inJar(name));
    if (entry == null) {
      throw new MediaException(jar.getName() + " contains no " + name);
    }
    return entry;
  }

  private static String inJar(String name) {
    return "org/bytedeco/ffmpeg/" + platform() + "/" + name;
  }

  private static String platform() {
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    return os + "-" + (arch.equals("amd64") ? "x86_64" : arch);
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
              throws IOException {
            Files.delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
