package glimt.deploy.node;

import glimt.gateway.WebhookReach;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option for where webhooks may be sent: {@code --webhook-networks}. */
public final class WebhookOption {
  @Option(
      names = "--webhook-networks",
      paramLabel = "CIDR",
      split = ",",
      description =
          "Local networks to which webhooks may be sent, also by http, for example "
              + "10.0.0.0/8. Whoever may submit jobs can then make this gateway send "
              + "requests there. Default: none; webhooks go to public addresses by https")
  private List<String> networks = List.of();

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  /**
   * Where webhooks may be sent.
   *
   * @throws ParameterException if a network is not valid
   */
  public WebhookReach reach() {
    try {
      return WebhookReach.with(networks);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          command.commandLine(), "--webhook-networks: " + e.getMessage(), e);
    }
  }
}
