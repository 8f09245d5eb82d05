using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Kist.Client.Tests.Connections;

/// <summary>An HTTP service on loopback that decides by the Authorization header and echoes what it was sent.</summary>
internal sealed class HttpService : IDisposable
{
    private readonly WebApplication _app;

    public HttpService(Func<string?, string, (HttpStatusCode Status, string Body)> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            var (status, text) = answer(context.Request.Headers.Authorization, body);
            context.Response.StatusCode = (int)status;
            await context.Response.WriteAsync(text);
        });
        _app.StartAsync().GetAwaiter().GetResult();
        Address = new Uri(_app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public Uri Address { get; }

    public void Dispose() => _app.DisposeAsync().AsTask().GetAwaiter().GetResult();
}
