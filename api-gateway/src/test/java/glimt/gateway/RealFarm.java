package glimt.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.artifact.ArtifactFolder;
import glimt.coordinator.Farm;
import glimt.coordinator.Feed;
import glimt.coordinator.Node;
import glimt.job.ArtifactId;
import glimt.job.Effort;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.job.Format;
import glimt.job.JobId;
import glimt.job.JobView;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.job.Work;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.json.Json;
import glimt.ledger.Answers;
import glimt.ledger.ApiKeys;
import glimt.ledger.AuditLog;
import glimt.ledger.Bundles;
import glimt.ledger.Database;
import glimt.ledger.Events;
import glimt.ledger.Forecasts;
import glimt.ledger.Jobs;
import glimt.ledger.LeaseTerms;
import glimt.ledger.Nodes;
import glimt.ledger.Signers;
import glimt.ledger.Tasks;
import glimt.ledger.Tenants;
import glimt.ledger.Uploads;
import glimt.ledger.Usage;
import glimt.ledger.WebhookSecrets;
import glimt.ledger.Webhooks;
import glimt.ledger.Workers;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.EarlyEnd;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Sampling;
import glimt.model.WordList;
import glimt.postgres.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * A gateway on a free port, with a real PostgreSQL, a real artifact store and a cluster of one
 * node. It has no workers: tests claim and end tasks themselves. All test classes share one.
 */
final class RealFarm implements AutoCloseable {
  private static final String CLASS = "test engine, f32, 1 thread";
  static final List<String> SAMPLERS = List.of("euler", "heun", "dpmpp_2m");
  static final Watch.WatchIntervals QUICK = new Watch.WatchIntervals(200, 500);

  /** Passes the farm to test classes as a parameter. */
  static final class Given implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
      return parameter.getParameter().getType() == RealFarm.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
      return test.getRoot()
          .getStore(ExtensionContext.Namespace.GLOBAL)
          .computeIfAbsent(RealFarm.class, _ -> new RealFarm(), RealFarm.class);
    }
  }

  final Path home;
  final EmbeddedPostgres postgres;
  final Database database;
  final Jobs jobs;
  final Tasks tasks;
  final Bundles bundles;
  final ArtifactFolder artifacts;
  final Feed feed;
  final Farm cluster;
  final Gateway gateway;
  final URI uri;
  final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final Pattern MARK = Pattern.compile("mark ([0-9a-f]{8})");

  private final Node node;
  private @Nullable Contract contract;
  private @Nullable JobId whale;

  RealFarm() {
    try {
      home = Files.createTempDirectory("glimt-gateway");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    postgres = EmbeddedPostgres.start(home);
    database = Database.open(postgres.url(), postgres.user(), postgres.password());
    jobs = new Jobs(database);
    tasks = new Tasks(database, LeaseTerms.USUAL);
    bundles = new Bundles(database);
    artifacts = new ArtifactFolder(home.resolve("artifacts"));
    offer();
    node = Node.found(Set.of(Node.NodeRole.GATEWAY));
    feed = node.feed();
    cluster = node.farm();
    gateway =
        new Gateway(
            new Gateway.Address("127.0.0.1", 0).reaching(WebhookReach.with(List.of("127.0.0.0/8"))),
            parts(jobs),
            QUICK);
    uri = gateway.start();
  }

  Gateway.Parts parts(Jobs ofJobs) {
    return parts(database, ofJobs, tasks, bundles, artifacts, cluster);
  }

  /** The parts of a gateway on some database. */
  static Gateway.Parts parts(
      Database database,
      Jobs ofJobs,
      Tasks tasks,
      Bundles bundles,
      ArtifactFolder artifacts,
      Farm cluster) {
    return new Gateway.Parts(
        ofJobs,
        new Tenants(database),
        new ApiKeys(database),
        new Usage(database),
        new Forecasts(database),
        new Answers(database),
        new Uploads(database),
        new Webhooks(database),
        new WebhookSecrets(database),
        tasks,
        new Events(database),
        artifacts,
        bundles,
        new Workers(database),
        new Nodes(database),
        cluster,
        thumbnailer(),
        RealFarm::inspected,
        RealFarm::prompt,
        new AuditLog(database),
        new Signers(database),
        SAMPLERS);
  }

  /** Prompts with these words are stopped, or cannot be decided about, in these tests. */
  private static FilterDecision prompt(Kind kind, String model, String prompt) {
    if (prompt.contains("undecidable")) {
      throw new PromptCheck.NoDecision("the filter is away", new IOException("away"));
    }
    return prompt.contains("unspeakable")
        ? FilterDecision.block(FilterStage.PROMPT, "test-1", "other", "it is unspeakable to us")
        : FilterDecision.allow(FilterStage.PROMPT, "test-1");
  }

  /** Files are texts in these tests; one names its mark or says that it is broken. */
  private static Inspector.Inspected inspected(Path file, byte @Nullable [] credentials) {
    try {
      String text =
          Files.readString(file)
              + (credentials == null ? "" : new String(credentials, StandardCharsets.UTF_8));
      if (text.contains("broken")) {
        throw new Inspector.Unreadable("the file is broken", new IOException("broken"));
      }
      Matcher mark = MARK.matcher(text);
      return mark.find()
          ? new Inspector.Inspected(
              mark.group(1),
              17.25,
              new Inspector.Credentials("valid", "it is whole", "CN=a farm", "ab".repeat(32)))
          : new Inspector.Inspected(
              null, 0, new Inspector.Credentials("absent", "the file has no manifest", null, null));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Videos are text files in these tests, so a picture of one is its first line. */
  private static Thumbnailer thumbnailer() {
    return new Thumbnailer() {
      @Override
      public byte[] thumbnail(Path video, int frames) {
        return words("thumbnail", video, frames);
      }

      @Override
      public byte[] sheet(Path video, int frames) {
        return words("sheet", video, frames);
      }

      private byte[] words(String what, Path video, int frames) {
        try {
          String line = Files.readString(video).lines().findFirst().orElseThrow();
          return "%s of %s frames: %s"
              .formatted(what, frames, line)
              .getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  private void offer() {
    bundles.offer(digest('a'), clips());
    bundles.offer(digest('b'), objects());
    bundles.offer(digest('c'), pictures());
  }

  /** Registers a node and offers the bundles again, as a node does when it starts. */
  void tell(Nodes.Self node) {
    new Nodes(database).pulse(node);
    offer();
  }

  @Override
  public void close() throws IOException {
    http.close();
    if (contract != null) {
      contract.close();
    }
    gateway.close();
    node.close();
    database.close();
    postgres.close();
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  static ArtifactId digest(char digit) {
    return new ArtifactId(String.valueOf(digit).repeat(64));
  }

  private static WordList words() {
    return new WordList(
        List.of("whale", "tree", "left", "right", "blue", "red"),
        Map.of("pine", List.of("tree")),
        Set.of("a", "over", "moves"),
        8);
  }

  static BundleCard clips() {
    Sampling sampling = Sampling.karras("dpmpp_2m", 8, 3, 0.02, 80, 7);
    return BundleCard.of(
        "clips",
        Kind.VIDEO,
        "Small things that move over one colour.",
        "Apache-2.0",
        words(),
        8,
        List.of(127.5, 127.5, 127.5),
        List.of(127.5, 127.5, 127.5),
        List.of(
            Level.edm(
                "base",
                List.of(Axis.whole("frames", 8), Axis.whole("height", 16), Axis.whole("width", 16)),
                3,
                "base",
                0.5,
                List.of(),
                List.of(),
                0,
                sampling),
            Level.edm(
                "spatial",
                List.of(
                    Axis.whole("frames", 8),
                    new Axis("height", 64, 40, 24, 4),
                    new Axis("width", 64, 40, 24, 4)),
                3,
                "spatial",
                0.5,
                List.of(),
                List.of(1.0, 1.0, 1.0),
                0.1,
                sampling)),
        Map.of(),
        Map.of("data", "drawn for tests"));
  }

  private static BundleCard pictures() {
    Sampling sampling = Sampling.karras("heun", 12, 2, 0.02, 80, 7);
    return BundleCard.of(
        "pictures",
        Kind.IMAGE,
        "Small things on one colour.",
        "Apache-2.0",
        words(),
        0,
        List.of(127.5, 127.5, 127.5),
        List.of(127.5, 127.5, 127.5),
        List.of(
            Level.edm(
                    "base",
                    List.of(Axis.whole("height", 32), Axis.whole("width", 32)),
                    3,
                    "base",
                    0.5,
                    List.of(),
                    List.of(),
                    0,
                    sampling)
                .ending(new EarlyEnd(0.04, 40))),
        Map.of(),
        Map.of());
  }

  private static BundleCard objects() {
    Sampling sampling = Sampling.karras("heun", 8, 2, 0.02, 80, 7);
    return BundleCard.of(
        "objects",
        Kind.POINTS,
        "Small coloured things.",
        "Apache-2.0",
        words(),
        0,
        Collections.nCopies(6, 1.0),
        Collections.nCopies(6, 0.0),
        List.of(
            Level.edm(
                "base",
                List.of(Axis.whole("points", 1024)),
                6,
                "base",
                1,
                List.of(),
                List.of(),
                0,
                sampling)),
        Map.of(),
        Map.of());
  }

  // ---- what a client does

  /** Parses the contract once, as that takes seconds. */
  Contract contract() {
    if (contract == null) {
      contract = Contract.of(get("/openapi.yaml").body());
    }
    return contract;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(uri.resolve(path)).timeout(Duration.ofSeconds(20));
  }

  HttpResponse<String> get(String path) {
    return send(request(path).build());
  }

  HttpResponse<String> post(String path, String json) {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json))
            .build());
  }

  HttpResponse<String> send(HttpRequest request) {
    return send(request, BodyHandlers.ofString());
  }

  <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> body) {
    try {
      return http.send(request, body);
    } catch (IOException e) {
      throw new UncheckedIOException(request.toString(), e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Sends bytes and returns the answer until the server closes or is silent for this long. */
  static String raw(URI to, byte[] bytes, Duration silence) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), to.getPort())) {
      socket.setSoTimeout(Math.toIntExact(silence.toMillis()));
      OutputStream out = socket.getOutputStream();
      StringBuilder answer = new StringBuilder();
      try {
        out.write(bytes);
        out.flush();
        InputStream in = socket.getInputStream();
        for (int one = in.read(); one >= 0; one = in.read()) {
          answer.append((char) one);
        }
      } catch (IOException e) {
        // The server refused while we were sending, or keeps the connection open: return its
        // answer.
        return answer.toString();
      }
      return answer.toString();
    }
  }

  static JsonNode json(HttpResponse<String> response) {
    return Json.read(response.body(), JsonNode.class);
  }

  /** Submits a job by HTTP and returns its id. */
  JobId submit(String json) {
    HttpResponse<String> response = post("/v1/jobs", json);
    if (response.statusCode() != 202) {
      throw new AssertionError(response.statusCode() + " " + response.body());
    }
    return JobId.parse(json(response).get("id").textValue());
  }

  // ---- what a worker does

  JobView find(JobId job) {
    return jobs.find(TenantId.DEFAULT, job).orElseThrow();
  }

  /** Completes all tasks of a job, and those of older jobs. */
  void finish(JobId job) {
    finish(job, List.of());
  }

  /** Finishes a job each of whose tasks warns of the same. */
  void finish(JobId job, List<String> warnings) {
    while (!find(job).state().ended()) {
      claim().forEach(task -> succeed(task, task.job().equals(job) ? warnings : List.of()));
    }
  }

  /** The path of the file of a finished job, which is made once. */
  String finishedWhale() {
    if (whale == null) {
      whale = submit("{\"prompt\":\"A Whale, moves LEFT!\",\"size\":16}");
      finish(whale);
    }
    return "/v1/jobs/" + whale + "/artifacts/base";
  }

  List<Task> claim() {
    WorkerCard worker =
        new WorkerCard(
            new WorkerId("worker-1"),
            1,
            "cpu",
            CLASS,
            Map.of("clips", digest('a'), "objects", digest('b'), "pictures", digest('c')));
    return tasks.claim(worker, "here", 8);
  }

  void succeed(Task task) {
    succeed(task, List.of());
  }

  void succeed(Task task, List<String> warnings) {
    Effort effort = new Effort(CLASS, 0, 8, 0.25, 0.2);
    tasks.end(task.lease(), new Outcome.Succeeded(products(task), warnings), effort);
  }

  private List<Product> products(Task task) {
    List<Product> products = new ArrayList<>();
    products.add(
        new Product(
            Product.Role.SAMPLE,
            artifacts.put("application/octet-stream", bytes("sample of " + task.lease().task()))));
    if (task.work() instanceof Work.Assemble assemble) {
      Format format = task.spec().format();
      products.add(
          new Product(
              Product.Role.MEDIA,
              artifacts.put(
                  format.mediaType(), bytes(assemble.level() + " of " + task.job() + "\n"))));
      if (format == Format.GLB) {
        products.add(
            new Product(
                Product.Role.CREDENTIALS,
                artifacts.put(
                    Product.CREDENTIALS_TYPE,
                    bytes("manifest of " + assemble.level() + " of " + task.job() + "\n"))));
      }
    }
    return products;
  }

  private static byte[] bytes(String text) {
    return text.repeat(100).getBytes(StandardCharsets.UTF_8);
  }
}
