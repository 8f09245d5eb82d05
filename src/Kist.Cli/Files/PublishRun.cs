using System.Security.Cryptography.X509Certificates;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Config;
using Kist.Formats.Sops.Keys;

namespace Kist.Cli.Files;

/// <summary>`publish`: files go where destination_rules say.</summary>
internal static class PublishRun
{
    public static int Run(FileCall call)
    {
        if (!FileConfig.Load(call).Try(out var found, out var fault) && fault is not null) return call.Fail(fault);
        if (found is not { } config)
            return call.Fail(SopsExit.Generic, "publish needs a .sops.yaml with destination_rules, and there is none");
        if (call.Arguments.Count == 0)
            return call.Fail(SopsExit.NoFile, "no file specified", "kist file publish secrets.yaml");
        var place = call.Arguments[0];
        if (Directory.Exists(place) && !call.Has(FileFlag.Recursive))
            return call.Fail(SopsExit.Generic, $"{place} is a folder", "--recursive publishes all of it");
        if (!File.Exists(place) && !Directory.Exists(place))
            return call.Fail(SopsExit.Generic, $"there is no file {place}");
        foreach (var file in FileTree.Files(place).ToList())
        {
            var name = call.Has(FileFlag.Recursive) && Directory.Exists(place)
                ? Path.GetRelativePath(place, file) : Path.GetFileName(file);
            if (One(call, config, file, name) is not 0 and var code) return code;
        }
        return 0;
    }

    private static int One(FileCall call, SopsConfig config, string file, string name)
    {
        if (!config.DestinationRuleFor(Path.GetFullPath(file)).Try(out var rule, out var fault))
            return call.Fail(fault);
        if (call.Has(FileFlag.OmitExtensions) || rule.OmitExtensions)
            name = name[..^Path.GetExtension(name).Length];
        if (rule is GcsDestination)
            return call.Fail(SopsExit.Generic, $"{config.Path}:{rule.Line}: a bucket of Google is not supported here",
                $"gcloud storage cp {file} gs://…");
        if (!OpenFile.Open(call, file).Try(out var open, out fault)) return call.Fail(fault);
        using (open)
        {
            if (open.Decrypt() is { } wrong) return call.Fail(wrong with { File = wrong.File ?? file });
            return rule is VaultDestination vault ? ToVault(call, open, vault, name)
                : ToBucket(call, open, (S3Destination)rule, name);
        }
    }

    private static int ToVault(FileCall call, OpenFile open, VaultDestination rule, string name)
    {
        if (call.Session.Settings(out var settings) is { } unset) return call.Session.Fail(unset);
        if (rule.Address is { } address)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
                return call.Fail(SopsExit.Generic, $"vault_address is no URL: {address}");
            settings = settings with { Address = uri };
        }
        X509Certificate2Collection? authorities = null;
        if (KistClient.ReadAuthorities(settings, out authorities) is { } unread) return call.Session.Fail(unread);
        var path = rule.Mount.Trim('/') + "/" + (rule.Version == 2 ? "data/" : "") + rule.Path.TrimStart('/') + name;
        var target = $"{settings.Address.GetLeftPart(UriPartial.Authority)}/v1/{path}";
        if (Prompt.Confirm(call.Screen, $"Upload the values of {open.Name} to {target}", call.Has(FileFlag.Yes))
            is { } refused) return call.Session.Fail(refused);
        if (!open.Tree!.Write(SopsFormat.Json, new SopsStyle()).Try(out var values, out var fault))
            return call.Fail(fault);
        using (values)
        using (var body = new JsonBody())
        using (var client = new KistClient(settings, authorities))
        {
            var content = rule.Version == 2 ? body.WithRaw("data", values.WrittenSpan).Close() : values;
            var encoded = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
            using var answer = client.Send(new Request(HttpMethod.Post, encoded, content));
            if (answer.Problem is { } problem) return call.Session.Fail(problem with { ExitCode = Problem.Local });
        }
        call.Screen.Remark($"{open.Name} is published to {target}");
        return 0;
    }

    private static int ToBucket(FileCall call, OpenFile open, S3Destination rule, string name)
    {
        var key = rule.Prefix + name;
        if (Prompt.Confirm(call.Screen, $"Upload {open.Name} to s3://{rule.Bucket}/{key}", call.Has(FileFlag.Yes))
            is { } refused) return call.Session.Fail(refused);
        SopsOutcome<byte[]> content = File.ReadAllBytes(open.Name);
        if (rule.Recreation is { } other)
            content = open.EncryptAnew(open.File.Metadata with
            {
                Groups = other.Groups, ShamirThreshold = other.ShamirThreshold,
            });
        if (!content.Try(out var bytes, out var fault)) return call.Fail(fault);
        var host = new KeyHost { Environment = KeyHost.ProcessEnvironment() };
        if (S3Upload.Put(host, rule.Bucket, key, bytes, CancellationToken.None) is { } failed) return call.Fail(failed);
        call.Screen.Remark($"{open.Name} is published to s3://{rule.Bucket}/{key}");
        return 0;
    }
}
