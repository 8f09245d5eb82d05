using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Engines.Sys;

/// <summary>Attack D06: everything but <c>sudo</c> is not enough for the paths that Vault protects.</summary>
public sealed class ProtectedPathsTests
{
    private const string AllButSudo =
        """{"policy":"path \"*\" { capabilities = [\"create\",\"read\",\"update\",\"delete\",\"list\",\"patch\"] }"}""";

    [Theory]
    [InlineData(Operation.Read, "sys/audit")]
    [InlineData(Operation.Update, "sys/audit/file")]
    [InlineData(Operation.Read, "sys/audit/file")]
    [InlineData(Operation.Delete, "sys/audit/file")]
    [InlineData(Operation.Update, "sys/auth/x")]
    [InlineData(Operation.Read, "sys/auth/x")]
    [InlineData(Operation.Delete, "sys/auth/x")]
    [InlineData(Operation.Read, "sys/auth/x/tune")]
    [InlineData(Operation.Update, "sys/auth/x/tune")]
    [InlineData(Operation.Read, "sys/config/cors")]
    [InlineData(Operation.Update, "sys/config/cors")]
    [InlineData(Operation.Read, "sys/config/auditing/request-headers")]
    [InlineData(Operation.Update, "sys/config/auditing/request-headers/x")]
    [InlineData(Operation.List, "sys/config/ui/headers")]
    [InlineData(Operation.Update, "sys/config/ui/headers/x")]
    [InlineData(Operation.List, "sys/leases/lookup")]
    [InlineData(Operation.List, "sys/leases/lookup/auth")]
    [InlineData(Operation.Update, "sys/leases/revoke-prefix/x")]
    [InlineData(Operation.Update, "sys/leases/revoke-force/x")]
    [InlineData(Operation.Update, "sys/revoke-prefix/x")]
    [InlineData(Operation.Update, "sys/revoke-force/x")]
    [InlineData(Operation.Read, "sys/leases")]
    [InlineData(Operation.Update, "sys/plugins/catalog/secret/x")]
    [InlineData(Operation.Update, "sys/remount")]
    [InlineData(Operation.Update, "sys/rotate")]
    [InlineData(Operation.Update, "sys/rotate/keyring")]
    [InlineData(Operation.Read, "sys/pprof/")]
    [InlineData(Operation.Update, "sys/seal")]
    [InlineData(Operation.Read, "auth/token/accessors")]
    [InlineData(Operation.List, "auth/token/accessors")]
    public async Task NeedsSudo(Operation operation, string path)
    {
        await using var node = await LiveNode.StartAsync();
        await node.DataAsync(Operation.Update, "sys/policies/acl/all", AllButSudo);
        using var made = await node.SendAsync(Operation.Update, "auth/token/create", """{"policies":["all"]}""");
        var fault = await node.FaultAsync(
            operation, path, operation is Operation.Update ? "{}" : "", made.Token!.Token);
        Assert.Equal((FaultKind.Denied, "permission denied"), (fault.Kind, fault.Message));
    }
}
