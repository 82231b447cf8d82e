package glimt.media;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Runs FFmpeg as a separate process, so that a crash in an encoder cannot affect the JVM. Arguments
 * are passed to the program directly and never through a shell. Thread-safe.
 */
public final class Ffmpeg {

  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final int LAST_WORDS = 4096;

  private final Path folder;
  private final Duration limit;

  private Ffmpeg(Path folder, Duration limit) {
    this.folder = folder;
    this.limit = limit;
  }

  /**
   * Unpacks FFmpeg from the class path into {@code cache} (62 MB, about a second), unless it is
   * already there.
   *
   * @throws MediaException if the class path has no FFmpeg for this platform, or the folder cannot
   *     be written
   */
  public static Ffmpeg unpackedIn(Path cache) {
    return new Ffmpeg(FfmpegFolder.in(cache), LIMIT);
  }

  /** The same program with another time limit. */
  Ffmpeg within(Duration limit) {
    return new Ffmpeg(folder, limit);
  }

  /**
   * Runs {@code ffmpeg} or {@code ffprobe} and returns its standard output.
   *
   * @param input the bytes for its standard input
   * @throws MediaException if the program fails or exceeds the time limit; the message ends with
   *     its last lines of output
   * @throws InterruptedException if this thread is interrupted; the program is then killed
   */
  byte[] run(String program, List<String> arguments, byte[] input) throws InterruptedException {
    List<String> command =
        new ArrayList<>(List.of(folder.resolve(program).toString(), "-v", "error"));
    command.addAll(arguments);
    var builder = new ProcessBuilder(command);
    builder.environment().clear(); // environment variables must not change the output
    // A path in LD_LIBRARY_PATH could contain a separator, so the working directory is used
    // instead.
    builder.directory(folder.toFile());
    builder.environment().put("LD_LIBRARY_PATH", ".");
    try (ExecutorService pipes =
        Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().daemon().name(program, 0).factory())) {
      Process process = builder.start();
      try {
        Future<byte[]> printed = pipes.submit(() -> process.getInputStream().readAllBytes());
        Future<String> said = pipes.submit(() -> lastWords(process.getErrorStream()));
        Future<Boolean> fed = pipes.submit(() -> feed(process.getOutputStream(), input));
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new MediaException(
              program + " did not end within " + limit.toMillis() / 1000.0 + " s and was stopped");
        }
        if (process.exitValue() != 0) {
          throw new MediaException(
              program + " ended with " + process.exitValue() + ": " + said.get());
        }
        if (!fed.get()) {
          throw new MediaException(program + " did not read all of its input: " + said.get());
        }
        return printed.get();
      } finally {
        process.destroyForcibly(); // also closes the three pipes
      }
    } catch (IOException e) {
      throw new MediaException("cannot run " + folder.resolve(program), e);
    } catch (ExecutionException e) {
      throw new MediaException("cannot exchange data with " + program, e);
    }
  }

  /**
   * Returns whether the program read all of its input. A failing program closes the pipe early; its
   * own error message explains why, so the exception here is ignored.
   */
  private static boolean feed(OutputStream pipe, byte[] input) {
    try (pipe) {
      pipe.write(input);
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private static String lastWords(InputStream pipe) throws IOException {
    var tail = new ByteArrayOutputStream();
    byte[] buffer = new byte[LAST_WORDS];
    for (int n = pipe.read(buffer); n >= 0; n = pipe.read(buffer)) {
      if (tail.size() > 4 * LAST_WORDS) {
        tail.reset();
      }
      tail.write(buffer, 0, n);
    }
    String words =
        tail.toString(StandardCharsets.UTF_8)
            .lines()
            .filter(line -> !line.isBlank() && !line.contains(FfmpegFolder.LOADERS_REMARK))
            .map(line -> line.replaceAll(" @ 0x[0-9a-f]+", "")) // addresses differ on each run
            .collect(Collectors.joining("\n"));
    return words.substring(Math.max(0, words.length() - LAST_WORDS));
  }
}
