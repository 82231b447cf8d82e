package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Visible;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code glimt verify}: tells whether the farm made a file. */
@Command(
    name = "verify",
    description = {
      "Tells whether the farm that runs on the home made a file, and in which job.",
      "Finds the invisible watermark also after the file was encoded again, resized or cropped.",
      "Reads the Content Credentials in the file, or in FILE.c2pa beside it.",
      "Exits with 0 if the farm made it, else with 1."
    },
    footerHeading = "%nExample:%n",
    footer = {"  glimt verify downloaded.mp4"})
public final class VerifyFile implements Callable<Integer> {
  private static final long LIMIT = 64L << 20;

  @Parameters(paramLabel = "FILE", description = "MP4, WebM, GIF, PNG, JPEG, WebP, GLB or PLY.")
  private Path file;

  @Mixin private HomeOption home;

  @Override
  public Integer call() throws IOException {
    JsonNode known;
    try {
      known = RunningFarm.on(home.open()).postFiles("/v1/verify", files());
    } catch (Client.Refused e) {
      throw new DeployException(e);
    }
    System.out.println("watermark: " + watermark(known.path("watermark")));
    System.out.println("content credentials: " + credentials(known.path("content_credentials")));
    System.out.println("job: " + job(known.path("job")));
    return known.path("ours").asBoolean() ? 0 : 1;
  }

  /** The file, and its manifest if there is one beside it. */
  private Map<String, byte[]> files() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("file", bytes(file));
    Path beside = Generate.beside(file);
    if (Files.exists(beside)) {
      files.put("credentials", bytes(beside));
    }
    return files;
  }

  private static byte[] bytes(Path of) {
    try {
      if (Files.size(of) > LIMIT) {
        throw new DeployException(
            "%s is larger than 64 MiB; cut off a part of it first".formatted(of));
      }
      return Files.readAllBytes(of);
    } catch (IOException e) {
      throw new DeployException("%s does not exist or cannot be read".formatted(of), e);
    }
  }

  private static String watermark(JsonNode mark) {
    return mark.isObject()
        ? "%s, confidence %s (10 is enough)"
            .formatted(mark.path("mark").asText(), mark.path("confidence").asText())
        : "none found";
  }

  private static String credentials(JsonNode credentials) {
    String signer = credentials.path("signer").asText("");
    String whose =
        switch (credentials.path("signer_of_farm").asText("")) {
          case "current" -> ", the signer of this farm";
          case "earlier" -> ", an earlier signer of this farm";
          default -> ", no signer of this farm";
        };
    return "%s%s: %s"
        .formatted(
            credentials.path("state").asText(),
            signer.isEmpty() ? "" : ", signed by " + Visible.of(signer) + whose,
            Visible.of(credentials.path("reason").asText()));
  }

  private static String job(JsonNode job) {
    return job.isObject()
        ? "%s, \"%s\", %s, seed %s"
            .formatted(
                job.path("id").asText(),
                Visible.of(job.path("prompt").asText()),
                Visible.of(job.path("model").asText()),
                job.path("seed").asText())
        : "none of this farm";
  }
}
