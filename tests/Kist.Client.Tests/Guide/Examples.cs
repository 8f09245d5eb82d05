using Kist.Client.Connections;
using Kist.Client.Hosting;
using Kist.Client.Logins;
using Kist.Secrets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Kist.Client.Tests.Guide;

/// <summary>The code that docs/guide/dotnet.md shows, as it stands there.</summary>
internal static class Examples
{
    public static IHost Mapped(Action<HostApplicationBuilder> before)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        before(builder);
        builder.AddKist(settings: s => s.Map("prod/shop", section: "Shop"));
        return builder.Build();
    }

    public static async Task ReadAsync(Uri address, string password, Action<string> Use)
    {
        await using var client = new KistClient(new KistClientOptions
        {
            Address = address,
            Login = PostedLogin.UserPass("app", SecretBytes.FromText(password)),
        });
        using var key = await client.Secrets.GetTextAsync("kist://prod/shop#SigningKey");
        Use(key.Reveal());
    }

    public static async Task ConnectAsync(KistClient client)
    {
        var password = new LiveSecret(client, "kist://prod/database#password");
        var inner = new NpgsqlDataSourceBuilder("Host=db;Username=app;Database=shop");
        inner.UsePasswordProvider(password.Provide, password.ProvideAsync);
        await using var source = new RotatingDataSource(inner.Build(), password);
    }
}
