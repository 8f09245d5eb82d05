using System.Text;
using CsCheck;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Config;
using Kist.Fuzz;

namespace Kist.Formats.Tests.Sops.Config;

/// <summary>The rules of <c>.sops.yaml</c>.</summary>
public sealed class SopsConfigTests
{
    private const string Alice = "age1d4zd73ypudpc7vqha478dzzxzs73p7ntekv0cpgk6kfe8g5hadfsqn2f55";
    private const string Bob = "age1e6t8uydmk3vjdyvy7xtrrc66px9k3mylc9vld2l99p7gfwk4csuqay53x4";
    private const string Carol = "age1l589dg2excdl0qsl06gjyaskuejv8avlfgwqua9hm9hae0t7e9fsqrd96h";
    private static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("/repo/prod/a.yaml", "1")]
    [InlineData("/repo/x/prod/a.yaml", "2")]
    [InlineData("/repo/a.env", "3")]
    [InlineData("/elsewhere/prod.ini", "4")]
    public void The_first_rule_whose_expression_matches_the_path_below_the_file_counts(string file, string rule)
    {
        var config = Parse($"""
            creation_rules:
              - path_regex: ^prod/.*\.yaml$
                age: {Alice}
                encrypted_suffix: "1"
              - path_regex: prod/.*\.yaml$
                age: {Alice}
                encrypted_suffix: "2"
              - path_regex: \.env$
                age: {Alice}
                encrypted_suffix: "3"
              - age: {Alice}
                encrypted_suffix: "4"
            """);
        Assert.Equal(rule, Rule(config, file).Selections.Single().Text);
    }

    [Fact]
    public void Keys_of_a_rule_are_texts_with_commas_or_lists()
    {
        var rule = Rule(Parse($"""
            creation_rules:
              - age: >-
                  {Alice},
                  {Bob}
                pgp: [ "93DE ECE3 813B F31F 9FA9 D805 1549 6A7D B154 2E42", 90E550AFC3B78C51205C1429440B45971CAE0FFB ]
                kms: arn:aws:kms:eu-west-1:1:key/a+arn:aws:iam::1:role/r
                aws_profile: ops
                gcp_kms: projects/p/locations/global/keyRings/r/cryptoKeys/k
                azure_keyvault: https://n.vault.azure.net/keys/k/1
                hc_vault_transit_uri: https://v.example.com:8200/v1/transit/keys/dev
            """));
        var keys = rule.Groups.Single().Keys;
        Assert.Equal([Alice, Bob, "93DEECE3813BF31F9FA9D80515496A7DB1542E42",
            "90E550AFC3B78C51205C1429440B45971CAE0FFB",
            "arn:aws:kms:eu-west-1:1:key/a+arn:aws:iam::1:role/r",
                "projects/p/locations/global/keyRings/r/cryptoKeys/k",
            "https://n.vault.azure.net/keys/k/1", "https://v.example.com:8200/v1/transit/keys/dev"], keys.Select(k =>
                k.Id));
        Assert.Equal("ops", keys.OfType<KmsMasterKey>().Single().AwsProfile);
        Assert.Equal("2026-01-02T03:04:05Z", keys.OfType<PgpMasterKey>().First().CreatedAt);
    }

    [Fact]
    public void Groups_are_merged_and_hold_no_key_twice()
    {
        var rule = Rule(Parse($"""
            keys:
              - &alice {Alice}
              - &bob {Bob}
            creation_rules:
              - shamir_threshold: 2
                mac_only_encrypted: true
                key_groups:
                  - age: [*alice, *bob, *alice]
                  - merge:
                      - pgp: [93DEECE3813BF31F9FA9D80515496A7DB1542E42]
                      - age: [*bob]
                    age: [*bob]
                    kms:
                      - arn: arn:aws:kms:eu-west-1:1:key/a
                        role: arn:aws:iam::1:role/r
                        context: {"{"}b: "2", a: "1"{"}"}
                        aws_profile: p
                    azure_keyvault:
                      - vaultUrl: https://n.vault.azure.net
                        key: k
                        version: "1"
                    gcp_kms: [{"{"}resource_id: g{"}"}]
                    hckms: [{"{"}key_id: h{"}"}]
                    hc_vault: [https://v.example.com/v1/transit/keys/dev]
            """));
        Assert.Equal(2, rule.ShamirThreshold);
        Assert.True(rule.MacOnlyEncrypted);
        Assert.Equal([[Alice, Bob], ["93DEECE3813BF31F9FA9D80515496A7DB1542E42", Bob,
            "https://v.example.com/v1/transit/keys/dev", "arn:aws:kms:eu-west-1:1:key/a+arn:aws:iam::1:role/r", "g",
            "https://n.vault.azure.net/keys/k/1", "h"]], rule.Groups.Select(g => g.Keys.Select(k => k.Id).ToArray()));
        var kms = rule.Groups[1].Keys.OfType<KmsMasterKey>().Single();
        Assert.Equal([new("a", "1"), new("b", "2")], kms.Context);
    }

    [Theory]
    [InlineData("creation_rules:\n  - age: sesame", ":2: the age recipient given: unknown type of recipient")]
    [InlineData("creation_rules:\n  - age: AGE-SECRET-KEY-1SESAME", ":2: a private age key stands where a recipient")]
    [InlineData("creation_rules:\n  - path_regex: '('\n    age: x", ":2: the regular expression ( is not valid")]
    [InlineData("creation_rules:\n  - path_regex: x", "no matching creation rules found")]
    [InlineData("creation_rules:\n  - encrypted_suffix: a\n    encrypted_regex: b", ":2: a rule has at most one of ")]
    [InlineData("creation_rules:\n  - encrypted_regex: (?=b)", ":2: encrypted_regex: the regular expression")]
    [InlineData("creation_rules:\n  - shamir_threshold: two", ":2: shamir_threshold is a whole number")]
    [InlineData("creation_rules:\n  - mac_only_encrypted: maybe", ":2: mac_only_encrypted is true or false")]
    [InlineData("creation_rules:\n  - key_groups: x", ":2: key_groups is a list of groups")]
    [InlineData("creation_rules:\n  - key_groups:\n    - kms: [{role: r}]", ":3: an entry of kms lacks the name")]
    [InlineData("creation_rules:\n  - hc_vault_transit_uri: https://v/prefix/v1/t/keys/a",
        ":2: https://v/prefix/v1/t/keys")]
    [InlineData("creation_rules:\n  - x", ":2: a creation rule is a map")]
    public void A_rule_that_is_wrong_is_named_by_file_and_line(string text, string message)
    {
        var fault = Parse(text).CreationRuleFor("/repo/a.yaml").Fault;
        Assert.NotNull(fault);
        Assert.Contains(message, fault.ToString());
        Assert.DoesNotContain("SESAME", fault.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("a: [", "a value must stand here; the text ends")]
    [InlineData("- a", ":1: a configuration is a map")]
    [InlineData("creation_rules: x", ":1: creation_rules is a list")]
    [InlineData("a: 1\na: 2", ":2: a stands here twice")]
    [InlineData("a: *b", ":1: there is no anchor &b")]
    [InlineData("stores:\n  yaml:\n    indent: many", ":3: indent is a whole number")]
    [InlineData("stores:\n  json:\n    indent: -7", ":2: an indent is a number of blanks")]
    public void A_configuration_that_is_wrong_is_named_by_file_and_line(string text, string message)
    {
        var fault = SopsConfig.Parse(Encoding.UTF8.GetBytes(text), "/repo/.sops.yaml", s_now).Fault;
        Assert.NotNull(fault);
        Assert.Contains("/repo/.sops.yaml", fault.ToString());
        Assert.Contains(message, fault.ToString());
    }

    [Fact]
    public void Anchors_do_not_make_a_file_grow()
    {
        var text = new StringBuilder("a0: &a0 [x]\n");
        for (var i = 1; i < 60; i++) text.Append($"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n");
        Assert.Null(SopsConfig.Parse(Encoding.UTF8.GetBytes(text.ToString()), "f", s_now).Fault);
        var deep = new string('[', 100_000);
        Assert.NotNull(SopsConfig.Parse(Encoding.UTF8.GetBytes(deep), "f", s_now).Fault);
    }

    [Fact]
    public void Changed_configurations_are_read_or_refused()
    {
        var seed = $"""
            keys: [&a {Alice}, &b "{Bob}"]
            creation_rules:
              - path_regex: \.env$
                age: *a
                encrypted_regex: ^(data|x)$
                shamir_threshold: 2
              - key_groups: [{"{"}age: [*a, *b], merge: [{"{"}pgp: [93DEECE3]{"}"}], kms: [{"{"}arn: x{"}"}]{"}"}]
            destination_rules: [{"{"}vault_path: a, vault_kv_version: 1{"}"}]
            stores: {"{"}json: {"{"}indent: 2{"}"}{"}"}
            """;
        Gen.Int[0, seed.Length - 1].Select(Gen.Int[0, 12], Gen.String[Gen.Char["[]{}:,&*-\"'\n ab#|>%"], 0, 6]).Sample(
            (at, cut, put) => Targets.All["sops-config"](
                Encoding.UTF8.GetBytes(seed[..at] + put + seed[Math.Min(seed.Length, at + cut)..])));
    }

    [Fact]
    public void Names_that_mean_nothing_are_told()
    {
        var config = Parse($"creation_rule: 1\ncreation_rules:\n  - path_regx: a\n    age: {Alice}\n");
        Rule(config);
        Assert.Equal(["/repo/.sops.yaml:1: a configuration knows no creation_rule; it is passed over",
            "/repo/.sops.yaml:3: a creation rule knows no path_regx; it is passed over"], config.Warnings);
    }

    [Fact]
    public void Stores_say_how_files_are_laid_out()
    {
        var config = Parse("stores:\n  yaml: {indent: 2}\n  json: {indent: 3}\n  json_binary: {indent: 5}\n");
        Assert.Equal(new SopsStyle(2, 3, 5), config.Style);
        Assert.Equal(new SopsStyle(), Parse("").Style);
    }

    [Fact]
    public void Destinations_are_buckets_or_paths_of_vault()
    {
        var config = Parse($"""
            destination_rules:
              - path_regex: s3/.*
                s3_bucket: b
                s3_prefix: p/
                recreation_rule:
                  age: {Bob}
              - path_regex: gcs/.*
                gcs_bucket: g
                omit_extensions: true
              - path_regex: v1/.*
                vault_path: sops/
                vault_address: https://v.example.com
                vault_kv_mount_name: kv/
                vault_kv_version: 1
              - path_regex: v2/.*
                vault_path: sops/
              - path_regex: both
                s3_bucket: b
                vault_path: c
            """);
        DestinationRule? For(string file) => config.DestinationRuleFor("/repo/" + file).Value;
        var s3 = Assert.IsType<S3Destination>(For("s3/a"));
        Assert.Equal(("b", "p/", Bob), (s3.Bucket, s3.Prefix, s3.Recreation!.Groups[0].Keys[0].Id));
        Assert.Equal(new GcsDestination(7, null, true, "g", ""), For("gcs/a"));
        Assert.Equal(new VaultDestination(10, null, false, "sops/", "https://v.example.com", "kv/", 1), For("v1/a"));
        Assert.Equal(new VaultDestination(15, null, false, "sops/", null, "secret/", 2), For("v2/a"));
        Assert.Contains(":17: a destination rule has one of",
            config.DestinationRuleFor("/repo/both").Fault!.ToString());
        Assert.Contains("no matching destination", config.DestinationRuleFor("/repo/other").Fault!.Message);
    }

    [Fact]
    public void A_configuration_is_looked_for_upwards()
    {
        var top = Directory.CreateTempSubdirectory("kist-config-").FullName;
        var below = Directory.CreateDirectory(Path.Combine(top, "a", "b")).FullName;
        File.WriteAllText(Path.Combine(top, "a", ".sops.yml"), "");
        Assert.Null(SopsConfig.Find(below, out var other));
        Assert.Equal(Path.Combine(top, "a", ".sops.yml"), other);
        File.WriteAllText(Path.Combine(top, ".sops.yaml"), "");
        Assert.Equal(Path.Combine(top, ".sops.yaml"), SopsConfig.Find(below, out _));
        Directory.Delete(top, recursive: true);
    }

    [Fact]
    public void A_key_is_taken_out_and_everything_else_stays()
    {
        var config = Parse($"""
            # the team
            keys:
              - &alice {Alice} # in Rome
              - &bob {Bob}
            creation_rules:
              - path_regex: a
                age: {Bob},{Alice},{Carol}   # three
              - path_regex: b
                age: {Alice}, {Bob}
              - path_regex: c
                key_groups:
                  - age: [*alice, *bob]
                  - age:
                      - *alice
                      - *bob
                      - "{Alice}"
                      - {Bob}
            """);
        Assert.Equal(Alice, config.Anchored("alice"));
        Assert.Null(config.Anchored("al"));
        Assert.Equal($"""
            # the team
            keys:
              - &bob {Bob}
            creation_rules:
              - path_regex: a
                age: {Bob},{Carol}   # three
              - path_regex: b
                age: {Bob}
              - path_regex: c
                key_groups:
                  - age: [*bob]
                  - age:
                      - *bob
                      - {Bob}
            """, Encoding.UTF8.GetString(config.Without(Alice)!));
        Assert.Null(config.Without("age1other"));
        Assert.Null(config.Without(Alice[..^1]));
    }

    private static SopsConfig Parse(string text)
    {
        var outcome = SopsConfig.Parse(Encoding.UTF8.GetBytes(text), "/repo/.sops.yaml", s_now);
        Assert.True(outcome.Try(out var config, out var fault), fault?.ToString());
        return config;
    }

    private static CreationRule Rule(SopsConfig config, string file = "/repo/a.yaml")
    {
        Assert.True(config.CreationRuleFor(file).Try(out var rule, out var fault), fault?.ToString());
        return rule;
    }
}
