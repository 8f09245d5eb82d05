using System.Reflection;
using System.Runtime.CompilerServices;
using Kist.Kernel.Node;
using Xunit;

namespace Kist.Server.Tests;

/// <summary>
/// A record prints all its properties, and so would its secrets in whatever log, exception or debugger it ends up in
/// (security.md E08). A record that is added later is looked at too.
/// </summary>
public sealed class SecretRecordsTests
{
    private static readonly string[] s_secretEndings =
        ["Token", "Password", "Passphrase", "Otp", "ConnectionUrl", "ConnectionString", "Wrapped", "Payload"];

    private static IEnumerable<Type> Records =>
        new[] { typeof(Node).Assembly, typeof(Catalog).Assembly }.SelectMany(a => a.GetTypes())
            .Where(t => t.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic
                | BindingFlags.Public | BindingFlags.DeclaredOnly) is not null);

    [Fact]
    public void ARecordThatHoldsASecretDoesNotPrintIt()
    {
        var holders = Records.Where(r => Printed(r).Any(IsSecret)).ToList();

        // RootStatus shows what only the holder of the one-time password can read.
        Assert.Equal(["RootStatus"], holders.Where(PrintsItself).Select(h => h.Name).Order(StringComparer.Ordinal));
        Assert.Contains(holders, h => !PrintsItself(h));
    }

    private static IEnumerable<PropertyInfo> Printed(Type record) =>
        record.GetProperties(BindingFlags.Instance | BindingFlags.Public);

    private static bool IsSecret(PropertyInfo property) =>
        (property.PropertyType == typeof(string) || property.PropertyType == typeof(byte[]))
        && s_secretEndings.Any(e => property.Name.EndsWith(e, StringComparison.Ordinal));

    private static bool PrintsItself(Type record) =>
        record.GetMethod(nameof(ToString), Type.EmptyTypes)!.GetCustomAttribute<CompilerGeneratedAttribute>()
            is not null;
}
