package glimt.gateway;

import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The scripts and styles of the page. Two of the scripts are three.js, which the build unpacks. */
final class PageFiles {
  private static final List<String> SCRIPTS =
      List.of(
          "animation.js",
          "api.js",
          "clip.js",
          "cloud.js",
          "drafts.js",
          "form.js",
          "gallery.js",
          "glimt.js",
          "go.js",
          "job.js",
          "levels.js",
          "pair.js",
          "points.js",
          "request.js",
          "stage.js",
          "three.core.min.js",
          "three.module.min.js",
          "thumb.js",
          "verify.js");

  private final Map<String, Web> files =
      Stream.concat(SCRIPTS.stream(), Stream.of("glimt.css"))
          .collect(Collectors.toUnmodifiableMap(name -> name, PageFiles::read));

  private static Web read(String name) {
    String type = name.endsWith(".js") ? "text/javascript" : "text/css";
    return Web.of("/web/" + name, type + "; charset=utf-8");
  }

  Future<Void> send(RoutingContext ctx) {
    return Optional.ofNullable(files.get(ctx.pathParam("file")))
        .orElseThrow(() -> Problem.notFound("the page has no such file").refusal())
        .send(ctx);
  }
}
