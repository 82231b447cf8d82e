package glimt.media;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import glimt.job.Format;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks that a web browser plays the files that glimt writes. */
class BrowserTest {

  /**
   * A page that plays each file to its end and sends one line per file: its size, its duration in
   * tenths of a second or its number of frames, and the colour of a corner.
   */
  private static final String PAGE =
      """
      <!doctype html><meta charset="utf-8"><body><script>
      const corner = picture => {
        const canvas = new OffscreenCanvas(8, 8), pen = canvas.getContext('2d');
        pen.drawImage(picture, 0, 0, 8, 8, 0, 0, 8, 8);
        return [...pen.getImageData(4, 4, 1, 1).data].slice(0, 3).join(' ');
      };
      const play = url => new Promise((done, fail) => {
        const video = document.createElement('video');
        video.muted = true;
        video.onended = () => done(
            `${video.videoWidth} ${video.videoHeight} ${Math.round(10 * video.duration)} ${corner(video)}`);
        video.onerror = () => fail(video.error.message);
        video.src = url;
        document.body.append(video);
        video.play().catch(fail);
      });
      const leaf = async (url, type) => {
        const decoder = new ImageDecoder({data: (await fetch(url)).body, type});
        await decoder.completed;
        const {image} = await decoder.decode({frameIndex: decoder.tracks.selectedTrack.frameCount - 1});
        return `${image.displayWidth} ${image.displayHeight} ${decoder.tracks.selectedTrack.frameCount} ${corner(image)}`;
      };
      (async () => {
        let said;
        try {
          said = [await play('mp4'), await play('webm'), await leaf('gif', 'image/gif'), await leaf('apng', 'image/png')];
        } catch (broken) {
          said = ['' + broken];
        }
        fetch('said', {method: 'POST', body: said.join('\\n')});
      })();
      </script>
      """;

  @Test
  void chromium_plays_every_format_to_its_end_in_the_right_colours(@TempDir Path folder)
      throws Exception {
    Path chromium = Given.program("chromium");
    var video = new Video(Given.ffmpeg());
    Map<Format, byte[]> files =
        Stream.of(Format.MP4, Format.WEBM, Format.GIF, Format.APNG)
            .collect(Collectors.toMap(format -> format, format -> file(video, format)));
    var said = new CompletableFuture<String>();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String path = exchange.getRequestURI().getPath().substring(1);
          if (path.equals("said")) {
            said.complete(
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          }
          byte[] body =
              files.entrySet().stream()
                  .filter(file -> file.getKey().ending().equals(path))
                  .map(Map.Entry::getValue)
                  .findFirst()
                  .orElseGet(() -> PAGE.getBytes(StandardCharsets.UTF_8));
          exchange.getResponseHeaders().add("Content-Type", type(path));
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    Process browser =
        new ProcessBuilder(
                chromium.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--autoplay-policy=no-user-gesture-required",
                "--user-data-dir=" + folder,
                "--remote-debugging-port=0", // keeps the browser open until the test ends it
                "http://127.0.0.1:" + server.getAddress().getPort() + "/")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      List<String> lines = said.get(60, TimeUnit.SECONDS).lines().toList();
      assertThat(lines).as(lines.toString()).hasSize(4);
      List<Integer> tenthsOrFrames = List.of(10, 10, 12, 12);
      for (int i = 0; i < 4; i++) {
        String line = lines.get(i);
        List<Integer> numbers = Stream.of(line.split(" ", -1)).map(Integer::valueOf).toList();
        assertThat(numbers.subList(0, 2)).as(line).containsExactly(128, 128);
        assertThat(numbers.get(2)).as(line).isEqualTo(tenthsOrFrames.get(i));
        // Chromium's arithmetic is off by 5 in blue; if it ignored the BT.709 tag, red would be off
        // by 5 as well.
        assertThat(numbers.get(3)).as(line).isBetween(0x26 - 3, 0x26 + 3);
        assertThat(numbers.get(4)).as(line).isBetween(0x5A - 3, 0x5A + 3);
        assertThat(numbers.get(5)).as(line).isBetween(0xC8 - 6, 0xC8 + 6);
      }
    } finally {
      List<ProcessHandle> all = browser.descendants().toList();
      browser.destroyForcibly().waitFor();
      all.forEach(ProcessHandle::destroyForcibly);
      for (ProcessHandle child : all) {
        child.onExit().get(10, TimeUnit.SECONDS); // must have ended before its folder is deleted
      }
      server.stop(0);
    }
  }

  private static byte[] file(Video video, Format format) {
    try {
      return video.bytes(Given.cartoon(12, 64, 64).enlarged(2), format);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static String type(String path) {
    return Stream.of(Format.values())
        .filter(format -> format.ending().equals(path))
        .map(Format::mediaType)
        .findFirst()
        .orElse("text/html");
  }
}
