package glimt.deploy.gateways;

import glimt.artifact.ArtifactFolder;
import glimt.deploy.fleet.Fleet;
import glimt.deploy.models.ProcessMemory;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.job.Artifact;
import glimt.job.Effort;
import glimt.job.JobId;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.Task;
import glimt.job.TenantId;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/** The trials of {@code glimt bench gateway}. */
final class GatewayTrials {
  /** The sockets that watch one job. */
  static final int A_JOB = 10;

  /** How many times as long events are sent, of which the last time counts. */
  private static final int PASSES = 4;

  private static final int HANDS = 4;
  private static final int MEGABYTE = 1 << 20;

  private final LoadedGateways farm;
  private final Home place;

  GatewayTrials(LoadedGateways farm, Home place) {
    this.farm = farm;
    this.place = place;
  }

  /**
   * What sockets were sent.
   *
   * @param due how many events they should have been sent
   * @param wrong how many came twice or out of order, so far
   * @param delays in milliseconds, from the row of an event to its arrival, sorted
   * @param processor the gateway's processor time, in seconds
   */
  record DeliveredEvents(int due, int wrong, double[] delays, double perSecond, double processor) {}

  /**
   * Events of jobs, of which each is watched by ten sockets, at a constant rate: {@link #PASSES}
   * times as long, as the JVM of a gateway that has just started compiles more than it delivers.
   */
  List<DeliveredEvents> events(int sockets, double rate, double seconds) {
    try (EventViewers viewers = new EventViewers(sockets)) {
      List<JobId> jobs = watched(viewers, sockets, List.of(farm.http(0)));
      viewers.awaitSeen(1);
      jobs.forEach(job -> farm.happen(job, true));
      viewers.awaitSeen(2);
      int rounds = Math.max(1, (int) Math.round(rate * seconds / jobs.size()));
      List<DeliveredEvents> passes = new ArrayList<>();
      for (int pass = 0; pass < PASSES; pass++) {
        viewers.begin();
        double before = farm.processorSeconds(0);
        long begin = System.nanoTime();
        happen(jobs, pass * rounds, rounds, rate);
        double took = (System.nanoTime() - begin) / 1e9;
        viewers.awaitSeen(2L + (pass + 1L) * rounds);
        int count = rounds * jobs.size();
        passes.add(
            new DeliveredEvents(
                count * A_JOB,
                viewers.wrong(),
                viewers.delays(),
                count / took,
                farm.processorSeconds(0) - before));
      }
      return passes;
    }
  }

  /** Lets events happen to jobs in turn; several at a time, but those of a job in order. */
  private void happen(List<JobId> jobs, int done, int rounds, double rate) {
    long begin = System.nanoTime();
    try (ExecutorService threads = Executors.newFixedThreadPool(HANDS)) {
      for (int hand = 0; hand < HANDS; hand++) {
        int first = hand;
        threads.execute(
            () -> {
              for (int round = 0; round < rounds; round++) {
                for (int i = first; i < jobs.size(); i += HANDS) {
                  long due = begin + (long) ((round * jobs.size() + i) * 1e9 / rate);
                  LockSupport.parkNanos(due - System.nanoTime());
                  farm.happen(jobs.get(i), (done + round) % 2 == 1);
                }
              }
            });
      }
    }
  }

  private List<JobId> watched(EventViewers viewers, int sockets, List<URI> gateways) {
    List<JobId> jobs = new ArrayList<>();
    for (int i = 0; i < Math.max(1, sockets / A_JOB); i++) {
      JobId job = farm.submit();
      jobs.add(job);
      for (int socket = 0; socket < A_JOB; socket++) {
        viewers.watch(job, gateways);
      }
    }
    return jobs;
  }

  /**
   * What a gateway holds for sockets on which nothing happens.
   *
   * @param before bytes that are resident before they are opened
   * @param with bytes that are resident with them
   * @param processor processor time of the gateway a second, in seconds
   */
  record IdleMemory(long before, long with, double processor) {}

  /** Sockets on which nothing happens, for a time. */
  IdleMemory idle(int sockets, double seconds) {
    long before = resident();
    try (EventViewers viewers = new EventViewers(sockets)) {
      watched(viewers, sockets, List.of(farm.http(0)));
      viewers.awaitSeen(1);
      double busy = farm.processorSeconds(0);
      long begin = System.nanoTime();
      LockSupport.parkNanos((long) (seconds * 1e9));
      double took = (System.nanoTime() - begin) / 1e9;
      return new IdleMemory(before, resident(), (farm.processorSeconds(0) - busy) / took);
    }
  }

  private long resident() {
    ProcessMemory memory = ProcessMemory.of(farm.process(0).pid());
    return memory.anonymous() + memory.mapped();
  }

  /**
   * How fast a file is read, in bytes per second.
   *
   * @param first its first download, for which the gateway also reads and verifies it
   * @param again the second download
   * @param cat {@code cat} of the file in place of a download
   * @param piped {@code cat} of it through a pipe
   */
  record Downloaded(double first, double again, double cat, double piped) {}

  /** Downloads a large file of a job; the file is in the page cache, as it was just written. */
  Downloaded download(int megabytes) throws IOException {
    ArtifactFolder folder = new ArtifactFolder(place.makeArtifacts());
    byte[] chunk = new byte[MEGABYTE];
    SplittableRandom noise = new SplittableRandom(7);
    Artifact file =
        folder.put(
            "application/octet-stream",
            out -> {
              for (int i = 0; i < megabytes; i++) {
                noise.nextBytes(chunk);
                out.write(chunk);
              }
            });
    JobId job = farm.submit();
    finish(job, file);
    String path = "/v1/jobs/%s/artifacts/%s".formatted(job, file.id().sha256());
    Path stored = folder.path(file.id());
    shell("cat '%s' > /dev/null", stored); // warms it up
    double first = rate(file.length(), () -> get(path));
    double again = rate(file.length(), () -> get(path));
    return new Downloaded(
        first,
        again,
        rate(file.length(), () -> shell("cat '%s' > /dev/null", stored)),
        rate(file.length(), () -> shell("cat '%s' | cat > /dev/null", stored)));
  }

  private interface Transfer {
    void run() throws IOException;
  }

  private static double rate(long bytes, Transfer transfer) throws IOException {
    long begin = System.nanoTime();
    transfer.run();
    return bytes / ((System.nanoTime() - begin) / 1e9);
  }

  /** Ends the tasks of a job, and of those before it, with this file as the product of each. */
  private void finish(JobId job, Artifact file) {
    Effort effort = new Effort("gateway bench", 0, 1, 0.001, 0.001);
    Outcome outcome = new Outcome.Succeeded(List.of(new Product(Product.Role.MEDIA, file)));
    while (!farm.jobs.find(TenantId.DEFAULT, job).orElseThrow().state().ended()) {
      List<Task> claimed = farm.tasks.claim(farm.worker(), "bench", 100);
      claimed.forEach(task -> farm.tasks.end(task.lease(), outcome, effort));
    }
  }

  /** Downloads with as little work of the client as can be. */
  private void get(String path) throws IOException {
    URI at = farm.http(0);
    try (Socket socket = new Socket(at.getHost(), at.getPort())) {
      OutputStream out = socket.getOutputStream();
      out.write(
          "GET %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n"
              .formatted(path, at.getHost(), at.getPort())
              .getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      byte[] buffer = new byte[MEGABYTE];
      int read = in.read(buffer);
      String head = new String(buffer, 0, Math.max(0, read), StandardCharsets.ISO_8859_1);
      if (!head.startsWith("HTTP/1.1 200")) {
        throw new DeployException("a download was answered " + head.lines().findFirst());
      }
      while (read >= 0) {
        read = in.read(buffer);
      }
    }
  }

  private static void shell(String command, Path file) throws IOException {
    Process process = new ProcessBuilder("sh", "-c", command.formatted(file)).start();
    if (process.onExit().join().exitValue() != 0) {
      throw new DeployException("cat could not read " + file);
    }
  }

  /**
   * What was lost when a gateway was killed.
   *
   * @param accepted how many submissions were accepted
   * @param missing how many of them are not in the ledger
   * @param seen how many events the sockets were sent
   * @param wrong how many of them came twice or out of order, or are no row's, or were not sent
   * @param cuts how many connections were cut
   * @param repeated how many submissions had to be sent again
   */
  record AfterKill(int accepted, int missing, int seen, int wrong, int cuts, long repeated) {}

  /** Kills the last gateway, while jobs are submitted and watched at both. */
  AfterKill kill(int sockets, double rate, double seconds) {
    URI stays = farm.http(0);
    URI dies = farm.http(1);
    try (EventViewers viewers = new EventViewers(sockets);
        SubmittedLoad clients = new SubmittedLoad(List.of(stays, dies), 16)) {
      Map<JobId, List<EventViewers.EventViewer>> watched = new HashMap<>();
      for (int i = 0; i < Math.max(1, sockets / 2); i++) {
        JobId job = farm.submit();
        watched.put(
            job,
            List.of(
                viewers.watch(job, List.of(stays, dies)),
                viewers.watch(job, List.of(dies, stays))));
      }
      viewers.awaitSeen(1);
      List<JobId> jobs = List.copyOf(watched.keySet());
      CompletableFuture<?> submitting =
          CompletableFuture.runAsync(() -> clients.submit(4, seconds));
      int events = (int) Math.max(2, rate * seconds);
      for (int i = 0; i < events; i++) {
        LockSupport.parkNanos((long) (1e9 / rate));
        farm.happen(jobs.get(i % jobs.size()), i / jobs.size() % 2 == 0);
        if (i == events / 2) {
          Fleet.signal(farm.process(1), Fleet.UnixSignal.KILL);
        }
      }
      submitting.join();
      return after(viewers, clients, watched);
    }
  }

  private AfterKill after(
      EventViewers viewers,
      SubmittedLoad clients,
      Map<JobId, List<EventViewers.EventViewer>> watched) {
    int seen = 0;
    int wrong = viewers.wrong();
    for (Map.Entry<JobId, List<EventViewers.EventViewer>> one : watched.entrySet()) {
      List<Long> rows = farm.events(one.getKey());
      for (EventViewers.EventViewer viewer : one.getValue()) {
        viewers.await("the events after the kill", () -> viewer.seen() >= rows.getLast());
        // Its numbers came one after the other, or were counted as wrong.
        wrong += viewer.seen() == rows.size() ? 0 : 1;
        seen += (int) viewer.seen();
      }
    }
    List<JobId> accepted = clients.accepted();
    int missing =
        (int)
            accepted.stream()
                .filter(job -> farm.jobs.find(TenantId.DEFAULT, job).isEmpty())
                .count();
    return new AfterKill(
        accepted.size(), missing, seen, wrong, viewers.cuts.get(), clients.repeated());
  }
}
